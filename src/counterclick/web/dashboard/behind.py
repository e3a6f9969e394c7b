"""Where the rows behind a number are listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from counterclick.metrics import METRICS, VISITORS, Period

__all__ = ["of_experiments", "of_metric", "rows_at"]

_MOST = 12
"""Experiments whose rows are named one by one."""


def rows_at(
    of: str, *, period: Period | None = None, since: date | None = None, until: date | None = None, **which: str | None
) -> str:
    """Return the address at which the rows of a measure or a table are listed.

    Args:
        of: which.
        period: its days.
        since: the first of them, instead.
        until: the last of them.
        which: what else they are limited to, as the page reads it; None for what is not.

    >>> rows_at("credits", surface="chat & more")
    '/rows/credits?surface=chat+%26+more'
    """
    first, last = (period.first_on, period.last_on) if period else (since, until)
    query = {"since": first, "until": last, **which}
    told = {name: f"{value}" for name, value in query.items() if value is not None}
    return f"/rows/{of}?{urlencode(told)}" if told else f"/rows/{of}"


def of_metric(
    metric: str,
    *,
    period: Period | None = None,
    since: date | None = None,
    until: date | None = None,
    surface: str | None = None,
) -> dict[str, str]:
    """Return what a metric adds up, and what it divides by, each with where these rows are listed.

    Args:
        metric: its name.
        period: its days.
        since: the first of them, instead.
        until: the last of them.
        surface: of which it is.
    """
    found = METRICS[metric]
    per_visitor = found.denominator == VISITORS
    days: dict[str, Any] = {"period": period, "since": since, "until": until}
    known: dict[str, Any] = {"known": "yes"} if per_visitor else {}
    parts = {part: rows_at(part, **days, surface=surface, **known) for part in found.measures}
    parts |= {VISITORS: rows_at("sessions", **days, surface=surface)} if per_visitor else {}
    return {part.replace("_", " "): address for part, address in parts.items()}


def of_experiments(names: Iterable[str], whom: str = "visitors") -> Mapping[str, str]:
    """Return the visitors of each experiment, with where they are listed; all experiments where there are many.

    Args:
        names: of the experiments.
        whom: what those are whom they assign.
    """
    told = [*dict.fromkeys(names)]
    if len(told) > _MOST or not told:
        return {f"each experiment's {whom}": "/experiments"}
    return {f"{whom} of {name}": rows_at("visitors", experiment=name) for name in told}
