"""Forms by which a period is chosen: a named one, or its first and last day. They stand in the address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from counterclick.errors import InputError
from counterclick.web.dashboard.page import Context
from counterclick.web.dashboard.views import Field, Form

__all__ = ["PERIOD", "choosers", "day"]

PERIOD = ("period", "since", "until")
"""Names of the query that these forms fill."""
_DAYS = (7, 28, 90, 365)
_USUAL = 28
_MONTHS = 13


def day(asked: Mapping[str, str], name: str) -> date | None:
    """Return a day that an address asks for; None where it asks for none.

    Args:
        asked: what the address asks for.
        name: ``since`` or ``until``.

    Raises:
        InputError: it is no day.
    """
    try:
        return date.fromisoformat(asked[name]) if name in asked else None
    except ValueError as error:
        raise InputError(f"{name} is a day such as 2026-03-01; it was {asked[name]!r}.") from error


def choosers(address: str, context: Context, known_on: date | None, others: Mapping[str, Field]) -> list[Form]:
    """Return a form for named periods, and one for any days.

    Args:
        address: of the page.
        context: what is asked for now.
        known_on: the last day of which anything is known: its month and those before it are offered; None for no months.
        others: fields beside the period, by name; the form for any days keeps what they say.
    """
    asked, say = context.asked, context.say
    periods = {"": f"the last {_USUAL} days", **{f"last-{n}-days": f"the last {n} days" for n in _DAYS if n != _USUAL}}
    for first in _months(known_on):
        periods[f"{first:%Y-%m}"] = say.month(first)
    chosen = asked.get("period", "")
    if chosen and chosen not in periods:
        named = re.fullmatch(r"last-(\d+)-days", chosen)
        periods[chosen] = f"the last {named[1]} days" if named else chosen
    if "since" in asked:
        periods = {"": "the days below", **{name: text for name, text in periods.items() if name}}
    days = [Field("since", "From", asked.get("since", ""), "date", limits={"required": ""})]
    days.append(Field("until", "to", asked.get("until", ""), "date"))
    kept = [Field(name, value=each.value, kind="hidden") for name, each in others.items() if each.value]
    period = Field("period", "Period", chosen, "select", periods)
    return [
        Form(address, "Show", [period, *others.values()], "get", is_small=True),
        Form(address, "Show these days", [*days, *kept], "get", is_small=True),
    ]


def _months(known_on: date | None) -> Iterator[date]:
    """Yield the first days of the newest months."""
    if known_on is not None:
        first = known_on.replace(day=1)
        for _ in range(_MONTHS):
            yield first
            first = (first - timedelta(days=1)).replace(day=1)
