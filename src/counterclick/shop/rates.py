"""Amounts in other currencies: a CSV of day, from, to, rate, filled forward to one row a day."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from counterclick.audits.exchange import Exchange
from counterclick.config import Config
from counterclick.errors import CurrencyError

__all__ = ["daily_rates", "exchange"]

_COLUMNS = ("day", "from", "to", "rate")


def daily_rates(
    path: Path,
    currency: str,
    used: Mapping[str, tuple[date, date]],
    wanted: Mapping[str, tuple[date, date]] | None = None,
) -> pa.Table:
    """Return one rate for each day and foreign currency that the log uses; the latest known one holds on.

    Args:
        path: CSV with the columns day (ISO 8601), from, to, rate: one unit of ``from`` is ``rate`` units of ``to``.
        currency: the shop's currency, which ``to`` must name.
        used: foreign currency -> first and last day of its events.
        wanted: the same of amounts that can be left out: what the file does not say of them is no error.

    Returns:
        Columns rate_on (date), from_currency, rate.

    Raises:
        CurrencyError: the file cannot be read, or says nothing of a currency and day that are needed.
    """
    known = _known(path, currency)
    days: list[date] = []
    sources: list[str] = []
    rates: list[float] = []
    for foreign, (first, last) in _spans(known, used, wanted or {}).items():
        given = known.get(foreign, {})
        earlier = [day for day in given if day <= first]
        if not earlier:
            raise CurrencyError(
                f"{path} has no rate from {foreign} to {currency} on or before {first}, the day of the first amount in "
                f"{foreign}; add a row {first},{foreign},{currency},RATE."
            )
        rate = given[max(earlier)]
        day = first
        while day <= last:
            rate = given.get(day, rate)
            days.append(day)
            sources.append(foreign)
            rates.append(rate)
            day += timedelta(days=1)
    return pa.table({"rate_on": pa.array(days, pa.date32()), "from_currency": sources, "rate": rates})


def exchange(config: Config, folder: Path, currency: str, known_on: date) -> Exchange | None:
    """Return how amounts are shown in another currency: at the newest rate that is declared; None for the shop's own.

    Args:
        config: of the shop.
        folder: of ``shop.toml``, from which the rate table is found.
        currency: in which amounts are to be shown, such as ``USD``.
        known_on: the last day that is known; rates of later days do not hold.

    Raises:
        CurrencyError: no rate is declared for it; the message says for which there is one.
    """
    own = config.shop.currency
    if currency == own:
        return None
    if config.shop.rates is None:
        raise CurrencyError(
            f"amounts are in {own}; to show them in {currency[:20]!r}, write a CSV with the columns day, from, to, rate "
            f'(to {own}) and name it in shop.toml: [shop] rates = "rates.csv".'
        )
    known = _known(folder / config.shop.rates, own)
    days = {name: [day for day in rates if day <= known_on] for name, rates in known.items()}
    if not days.get(currency):
        there = ", ".join([own, *sorted(name for name, some in days.items() if some)])
        raise CurrencyError(
            f"{config.shop.rates} declares no rate from {currency[:20]!r} to {own} on or before {known_on}, the last day "
            f"that is known. Amounts can be shown in: {there}."
        )
    newest = max(days[currency])
    return Exchange(currency, own, known[currency][newest], newest)


def _known(path: Path, currency: str) -> dict[str, dict[date, float]]:
    """Return foreign currency -> day -> rate to this currency."""
    known: dict[str, dict[date, float]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise CurrencyError(f"{path} must have the columns {', '.join(_COLUMNS)}; it has {rows.fieldnames}.")
            for row in rows:
                if row["to"] == currency:
                    known.setdefault(row["from"], {})[date.fromisoformat(row["day"])] = _rate(row["rate"])
    except (OSError, TypeError, ValueError) as error:
        if isinstance(error, CurrencyError):
            raise
        raise CurrencyError(f"the rate table {path} cannot be read: {error}.") from error
    return known


def _spans(
    known: Mapping[str, Mapping[date, float]],
    used: Mapping[str, tuple[date, date]],
    wanted: Mapping[str, tuple[date, date]],
) -> dict[str, tuple[date, date]]:
    """Return the days for which rates are needed, and those for which they are wanted and known."""
    spans = dict(used)
    for foreign, (first, last) in wanted.items():
        if foreign in known and min(known[foreign]) <= last:
            begins = max(first, min(known[foreign]))
            low, high = spans.get(foreign, (begins, last))
            spans[foreign] = (min(low, begins), max(high, last))
    return spans


def _rate(text: str) -> float:
    rate = float(text)
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"the rate {text} is not a number above 0")
    return rate
