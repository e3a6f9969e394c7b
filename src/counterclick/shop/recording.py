"""Recording: files straight into the log, bodies through the inbox; both by the same door."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from counterclick.config import Config, TableConfig
from counterclick.connectors.claims import CLAIMS, claims_mapping
from counterclick.connectors.tables import Arrived, columns_of, mapping_for, read_file
from counterclick.display import Grid, Shown, count
from counterclick.errors import InputError
from counterclick.events.bulk import admitted_sql, quoted
from counterclick.events.door import Context
from counterclick.events.rejection import Rejection
from counterclick.events.schema import REJECTION
from counterclick.events.vocabulary import Event
from counterclick.shop.receiving import Receiving
from counterclick.store import Store
from counterclick.store.sources import connect

__all__ = ["Progress", "Recorded", "counted", "digest_of", "record_bodies", "record_file", "silent"]

Progress = Callable[[str, float], None]
"""Called with a step's name and the fraction done."""
_CLAIM = "claim"
_SAME_CLAIM = (
    "claimant, coalesce(claim_window, ''), order_id, CASE WHEN order_id IS NULL THEN occurred_at END, period_ends_at"
)
"""What two reports of the same claim have in common (`counterclick.facts.claims`)."""


def silent(step: str, fraction: float) -> None:
    """Report nothing."""
    del step, fraction


@dataclass(frozen=True, slots=True)
class Recorded(Shown):
    """What came of recording.

    Attributes:
        name: the file, or where the events came from.
        n_rows: rows or objects read.
        n_events: events written that were not there before; of single events, those that were taken, repeats included.
        n_repeated: events that were there already.
        rejected: reason -> events refused, kept in the log with their reasons.
        skipped: name -> rows that the mapping says are no events.
        known: the same file was recorded before; nothing was done.
        n_unmatched_refunds: refunds in it that name an order which is not in the log (or none).
        n_reclaimed: claims in it that their tool has reported before, in it or in another file; the latest one counts.
    """

    name: str
    n_rows: int
    n_events: int
    n_repeated: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    known: bool = False
    n_unmatched_refunds: int = 0
    n_reclaimed: int = 0

    @property
    def n_rejected(self) -> int:
        """Events refused."""
        return sum(self.rejected.values())

    @property
    def is_clean(self) -> bool:
        """Whether nothing needs attention."""
        return not self.rejected and not self.n_unmatched_refunds

    def grids(self) -> list[Grid]:
        """Return the figures as one table."""
        if self.known:
            return [Grid(self.name, (), (), ("was recorded before; nothing changed.",))]
        rows = [("rows read", count(self.n_rows)), ("events recorded", count(self.n_events))]
        if self.n_repeated:
            rows.append(("recorded before", count(self.n_repeated)))
        rows += [(f"no event: {name}", count(n)) for name, n in self.skipped.items()]
        rows += [(f"refused: {reason}", count(n)) for reason, n in self.rejected.items()]
        notes = []
        if self.rejected:
            notes.append("What was refused is kept: `counterclick check --rejections` lists it with what would be right.")
        if self.n_unmatched_refunds:
            notes.append(
                f"{self.n_unmatched_refunds:,} refunds name no order that is in the log. They are kept, and count as "
                "soon as their orders are recorded."
            )
        if self.n_reclaimed:
            notes.append(
                f"{self.n_reclaimed:,} claims are on what their tool has claimed before. They are kept, the latest counts, "
                "and `counterclick claims --problems` lists the others."
            )
        return [Grid(self.name, ("", ""), rows, notes)]


def record_file(
    store: Store,
    config: Config,
    path: Path,
    *,
    mapping: str | None = None,
    progress: Progress = silent,
    received_at: datetime | None = None,
) -> Recorded:
    """Record a CSV, Parquet or JSON-lines file as one commit; a file recorded before changes nothing.

    Args:
        store: where.
        config: the shop's configuration, with its mappings.
        path: the file.
        mapping: name of the mapping; by default the one whose pattern fits the file's name.
        progress: called with each step.
        received_at: our clock; now unless given.

    Raises:
        InputError: the file cannot be read as what it should be; nothing was recorded.
        StoreError: the log could not be written; nothing was recorded.
    """
    digest = digest_of(path)
    named, table = _mapping(config, path, mapping)
    progress("looking whether it is known", 0.0)
    meant = msgspec.json.encode([named, table], order="sorted") if table else b""
    transaction = f"file:{digest}:{hashlib.sha256(meant).hexdigest()[:8]}"
    if store.log.snapshot().transaction(transaction) is not None:
        return Recorded(path.name, 0, 0, known=True)
    with contextlib.closing(connect()) as connection:
        progress("reading", 0.1)
        keyed_as = f"{named}|{digest}" if _is_of_claims(table) else named or "events"
        arrived = read_file(connection, path, table, source=keyed_as, timezone=config.shop.timezone)
        context = Context(received_at or datetime.now(UTC), named or "events", config.shop.currency, store.key)
        keys = _own_keys(connection, arrived)
        rows = admitted_sql(arrived.relation, arrived.types, context)
        if keys and not _is_ordered(connection, arrived):
            rows = f"SELECT * FROM ({rows}) ORDER BY occurred_at"
        progress("judging and writing", 0.3)
        report = {"name": path.name, "n_rows": arrived.n_rows, "skipped": dict(arrived.skipped), "mapping": named}
        appended = store.append_rows(connection, rows, name=transaction, keys=keys, report=report)
        progress("counting", 0.9)
    recorded = Recorded(path.name, arrived.n_rows, 0, appended.n_repeated, skipped=arrived.skipped)
    return counted(store, recorded, appended.n_written, context.received_at, context.source)


def digest_of(path: Path) -> str:
    """Return by what a file's content is known: the first 32 digits of its SHA-256.

    Raises:
        InputError: it is not there, a folder, or empty.
    """
    if not path.is_file():
        raise InputError(f"{path} is a folder; name its files." if path.is_dir() else f"there is no file {path}.")
    if not path.stat().st_size:
        raise InputError(f"{path} is empty; nothing was recorded.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def _mapping(config: Config, path: Path, name: str | None) -> tuple[str | None, TableConfig | None]:
    """Return the mapping of a file with its name: of ``shop.toml``, or that of claims where its columns are theirs."""
    asked = name == CLAIMS and CLAIMS not in config.tables
    named = None if asked else mapping_for(path, config.tables, name)
    if named:
        return named, config.tables[named]
    with contextlib.closing(connect()) as connection:
        found = claims_mapping(columns_of(connection, path), config.shop.timezone, path.name if asked else None)
    return (CLAIMS if found else None), found


def _is_of_claims(table: TableConfig | None) -> bool:
    """Say whether a file holds claims alone: the same row in another file is one more report, which is kept and listed."""
    return table is not None and all(event.kind == _CLAIM for event in table.events)


def record_bodies(
    store: Store,
    config: Config,
    events: Iterable[Mapping[str, Any] | Event],
    *,
    source: str = "api",
    received_at: datetime | None = None,
) -> Recorded:
    """Record single events; when this returns, they are on disk.

    Args:
        store: where.
        config: the shop's configuration.
        events: objects in the vocabulary, or events.
        source: who sends them.
        received_at: our clock; now unless given.

    Raises:
        InputError: one holds what JSON cannot say; none was written.
        StoreError: they could not be written; none was.
    """
    try:
        told = msgspec.json.encode(list(events))
    except TypeError as error:
        raise InputError(f"events are objects of texts, numbers, lists, moments and truth values: {error}.") from error
    received = Receiving(store, config).take(msgspec.json.decode(told), source, received_at)
    received.on_disk.result()
    refused = [each for each in received.judged if isinstance(each, Rejection)]
    rejected: dict[str, int] = {}
    for rejection in refused:
        rejected[rejection.reason.value] = rejected.get(rejection.reason.value, 0) + 1
    return Recorded(source, len(received.judged), received.n_events, rejected=rejected)


def _own_keys(connection: duckdb.DuckDBPyConnection, arrived: Arrived) -> str | None:
    """Return SQL of the events' keys if every one is the source's own and is kept as it is, unhashed."""
    if arrived.types.get("event_id") != "VARCHAR" or arrived.types.get("kind") != "VARCHAR":
        return None
    odd = "event_id IS NULL OR event_id = '' OR contains(event_id, '@') OR contains(event_id, '%40')"
    found = connection.execute(f"SELECT bool_or({odd}) FROM {arrived.relation}").fetchone()
    return None if not found or found[0] else f"SELECT kind, event_id FROM {arrived.relation}"


def _is_ordered(connection: duckdb.DuckDBPyConnection, arrived: Arrived) -> bool:
    if "occurred_at" not in arrived.types:
        return True
    later = "occurred_at >= lag(occurred_at, 1, occurred_at) OVER ()"
    found = connection.execute(f"SELECT bool_and(later) FROM (SELECT {later} AS later FROM {arrived.relation})").fetchone()
    return bool(found and found[0])


def counted(store: Store, recorded: Recorded, n_written: int, received_at: datetime, source: str) -> Recorded:
    """Return what came of a file with what was refused, which refunds found no order, and what was claimed before.

    Args:
        store: whose log is counted in.
        recorded: what is known so far.
        n_written: rows that were written, rejections among them.
        received_at: by which its rows are known.
        source: and from whom.
    """
    mine = f"received_at = TIMESTAMPTZ '{received_at.isoformat()}' AND source = {quoted(source)}"
    refused, n_lost, n_again = store.ask(lambda connection: _counts(connection, mine))
    return replace(
        recorded,
        n_events=n_written - sum(refused.values()),
        rejected=refused,
        n_unmatched_refunds=n_lost,
        n_reclaimed=n_again,
    )


def _counts(connection: duckdb.DuckDBPyConnection, mine: str) -> tuple[dict[str, int], int, int]:
    """Return, of rows for which a condition holds: reason -> refused, refunds without order, claims made before."""
    refused = dict(
        connection.execute(
            f"SELECT reason, count(*) FROM events WHERE kind = '{REJECTION}' AND {mine} GROUP BY reason ORDER BY reason"
        ).fetchall()
    )
    lost = connection.execute(
        f"SELECT count(*) FROM (SELECT order_id FROM events WHERE kind = 'refund' AND {mine}) AS r ANTI JOIN "
        "(SELECT order_id FROM events WHERE kind = 'purchase') AS p USING (order_id)"
    ).fetchone()
    claims = f"FROM events WHERE kind = '{_CLAIM}'"
    again = connection.execute(
        f"SELECT count(*) FROM (SELECT {mine} AS is_mine, row_number() OVER (PARTITION BY {_SAME_CLAIM} "
        f"ORDER BY received_at, event_id) AS nth {claims} AND claimant IN (SELECT claimant {claims} AND {mine})) "
        "WHERE is_mine AND nth > 1"
    ).fetchone()
    return refused, int(lost[0]) if lost else 0, int(again[0]) if again else 0
