"""One reading of the store: a DuckDB over the log and the inbox as they were when it was opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import duckdb
from ibis.expr.types import Table

from counterclick.config import Config, duration
from counterclick.errors import CurrencyError, EmptyStoreError
from counterclick.facts import Facts
from counterclick.shop.days import days_of
from counterclick.shop.dialect import backend_on
from counterclick.shop.engines import Books, Embedded, Engine, engine_of
from counterclick.shop.hearing import hear_kept
from counterclick.shop.rates import daily_rates
from counterclick.shop.until import limit_events
from counterclick.shop.upkeep import Upkeep
from counterclick.shop.warehouse.asking import currencies_of, latest_of, mapped_days
from counterclick.store import Store
from counterclick.store.sources import connect

__all__ = ["Reading", "from_microseconds"]

BOOKKEEPING = ("experiment_declared", "look_taken", "rejection", "erasure", "claim")
"""Kinds whose arrival does not mean that the shop's own events are known up to then."""


def from_microseconds(moment: int) -> datetime:
    """Return the UTC time so many microseconds after 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)


class Reading:
    """The shop's facts at one moment; facts that many questions need are computed once.

    Args:
        store: inbox and log.
        config: the shop's configuration.
        folder: of ``shop.toml``, from which the rate table is found.
        memory_limit: of DuckDB.
        until: only what had happened before this moment, UTC; everything unless given.
        keep_after: seconds; facts that took longer to compute are stored for the next reading.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        folder: Path,
        memory_limit: str,
        *,
        until: datetime | None = None,
        keep_after: float = 1.0,
    ) -> None:
        self.connection: duckdb.DuckDBPyConnection = connect(memory_limit)
        snapshot = store.attach(self.connection)
        self._overtaken = partial(store.is_overtaken, snapshot)
        self._until = until
        if until is not None:
            limit_events(self.connection, until)
        self.backend, texts = backend_on(self.connection)
        self._config = config
        self.folder = folder
        # what is kept is of the whole log, and of facts that are computed here: a reading of its past computes for itself
        is_kept = until is None and config.engine.url is None
        self._upkeep = Upkeep(self.connection, self.backend, texts, store, snapshot, keep_after) if is_kept else None
        self._embedded = Embedded(self.backend, self._upkeep)
        self._named_engine = partial(engine_of, config, Books(store, self.connection, keep_after), snapshot, until)

    @cached_property
    def engine(self) -> Engine:
        """Where facts are computed; one that ``shop.toml`` names is only waited for when they are asked for.

        Raises:
            EngineError: it cannot be had.
        """
        return self._named_engine() or self._embedded

    @property
    def events(self) -> Table:
        """The events, where facts are computed."""
        return self.engine.events

    @property
    def facts(self) -> Facts:
        """The shop's tables.

        Raises:
            CurrencyError: amounts stand in several currencies and no rate table converts them.
            EngineError: the engine that ``shop.toml`` names cannot be had.
        """
        if not hasattr(self, "_facts"):
            settings = self._config.shop
            window = duration(settings.returns_window)
            self._facts = Facts(self.events, settings.currency, self._rates(), self.keep, window, self.engine.parts)
        return self._facts

    def as_of(self) -> datetime:
        """Return when the last event arrived, UTC, at the latest the last moment that counts: the log is known up to then.

        Raises:
            EmptyStoreError: nothing has been recorded.
        """
        latest = self._latest
        if latest is None:
            n_claims = int(self.one("SELECT count(*) FROM events WHERE kind = 'claim'"))
            says = (
                f"{n_claims:,} claims of tools are recorded, and no event of the shop" if n_claims else "nothing is recorded"
            )
            raise EmptyStoreError(
                f"{says} yet. Record events with `counterclick record FILE...` (JSON lines, CSV or Parquet), or see "
                "`counterclick demo`."
            )
        known = from_microseconds(latest)
        return known if self._until is None else min(known, self._until - timedelta(microseconds=1))

    @cached_property
    def _latest(self) -> int | None:
        if self.is_mapped:
            return latest_of(self.events, BOOKKEEPING)
        listed = ", ".join(f"'{kind}'" for kind in BOOKKEEPING)
        latest: int | None = self.one(f"SELECT max(epoch_us(received_at)) FROM events WHERE kind NOT IN ({listed})")
        return latest

    @cached_property
    def days(self) -> Table:
        """What the events of each kind, source, surface and day come to: see `counterclick.shop.days.days_of`."""
        zone = self._config.shop.timezone
        if self.is_mapped:
            return self._embedded.load(mapped_days(self.events, zone), "days")
        return days_of(self.backend, self._embedded.keep, zone)

    @property
    def is_mapped(self) -> bool:
        """Whether the facts are tables of a warehouse: the log has bookkeeping and decisions then, and no more."""
        return bool(self._config.facts)

    @cached_property
    def decided(self) -> list[tuple[str, str, str, int, str]]:
        """Declarations and looks, oldest first: kind, experiment, config_hash, microseconds since 1970, details."""
        return self.rows(
            "SELECT kind, experiment, config_hash, epoch_us(occurred_at), details FROM events "
            "WHERE kind IN ('experiment_declared', 'look_taken') ORDER BY 4"
        )

    def one(self, sql: str) -> Any:
        """Return the first value of a query."""
        row = self.connection.execute(sql).fetchone()
        return row[0] if row else None

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(sql, list(values) or None).fetchall()

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Compute a table once, or take what is stored of it, and return it: see `counterclick.facts.tables.Keep`."""
        made = self.engine.keep(table, name, by, merges, per)
        hear_kept(name, table, made)
        return made

    def work_ahead(self) -> None:
        """Begin to work out what the last audit needed: for a question that needs most of it."""
        self.facts  # noqa: B018 - it makes the rates, which stored tables name
        self.engine.work_ahead()

    def close(self) -> None:
        """Store what was computed, where that pays. Tables that somebody still holds can be read on."""
        engine: Engine = self.__dict__.get("engine", self._embedded)  # none that nobody has asked is waited for now
        try:
            engine.close()
        except (duckdb.Error, OSError):
            if not self.is_overtaken:
                raise

    @property
    def is_overtaken(self) -> bool:
        """Whether files that it reads are gone, since events in them were erased; another reading must be begun."""
        return self._overtaken()

    def _rates(self) -> Table | None:
        own = self._config.shop.currency
        used, claimed = currencies_of(self.events, own) if self.is_mapped else self._currencies(own)
        if not used and (not claimed or self._config.shop.rates is None):
            return None
        if self._config.shop.rates is None:
            raise CurrencyError(
                f"amounts stand in {', '.join(used)} as well as in {own}, and nothing says how to convert them. Write a "
                f"CSV with the columns day, from, to, rate (to {own}) and name it in shop.toml: [shop] rates = "
                '"rates.csv".'
            )
        table = daily_rates(self.folder / self._config.shop.rates, own, used, claimed)
        return self.engine.load(table, "rates")

    def _currencies(self, own: str) -> Iterator[dict[str, tuple[date, date]]]:
        """Return other currencies of the shop's events, and of claims -> first and last day."""
        return (
            {
                row[0]: (row[1], row[2])
                for row in self.rows(
                    "SELECT currency, min(occurred_at)::TIMESTAMP::DATE, max(occurred_at)::TIMESTAMP::DATE FROM events "
                    f"WHERE {which} AND currency IS NOT NULL AND currency <> '{own}' GROUP BY currency ORDER BY currency"
                )
            }
            for which in ("kind <> 'claim'", "kind = 'claim'")
        )
