"""Visiting: which visitor a browser is, by what its cookie, its page and its cart say, and which arms it met."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from counterclick.errors import CounterclickError
from counterclick.events.vocabulary import Exposure, Reassigned
from counterclick.shop.evaluating import Evaluating

__all__ = ["LONGEST", "Met", "Visit", "flags_of", "met", "new_visitor", "newcomer", "visit"]

LONGEST = timedelta(days=395)
"""Thirteen months: so long a visitor is known, counted from its first visit, whatever renews the cookie."""
_VISITOR = re.compile(r"v([0-9]{8})\.[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who a browser is.

    Attributes:
        visitor: its id.
        lasts: how long it may still be known.
        reassigned: the event that it had lost this id and was given another, if its cart says so.
    """

    visitor: str
    lasts: timedelta
    reassigned: Reassigned | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """What a page says that it did.

    Attributes:
        exposures: that the visitor was eligible, to be recorded.
        stale: flags that a page went by which no longer hold; nothing is recorded of them.
    """

    exposures: tuple[Exposure, ...]
    stale: tuple[str, ...]

    @property
    def arms(self) -> dict[str, str]:
        """Experiment -> arm and moment, as a cart carries them: ``variant@2026-03-02T09:30:00Z``."""
        return {str(each.experiment): f"{each.variant}@{each.occurred_at:%Y-%m-%dT%H:%M:%SZ}" for each in self.exposures}


def new_visitor(day: date) -> str:
    """Return a new visitor's id: 16 random bytes, and the day from which its time is counted."""
    return f"v{day:%Y%m%d}.{secrets.token_urlsafe(16)}"


def newcomer(now: datetime) -> Visit:
    """Return somebody who was never here."""
    return Visit(new_visitor(now.date()), LONGEST)


def visit(now: datetime, *, cookie: Any = None, page: Any = None, cart: Any = None) -> Visit | None:
    """Return who a browser is; None where nothing says so, or what says so is older than `LONGEST`.

    The cart's visitor goes first: its arms are in the order that comes of it. Then the server's cookie, then what the
    page kept itself.

    Args:
        now: our clock, UTC.
        cookie: the server's own.
        page: what the page's script kept.
        cart: what the cart carries.
    """
    lasting = {each: _lasts(each, now.date()) for each in (cart, cookie, page) if isinstance(each, str)}
    known = [each for each in (cart, cookie, page) if isinstance(each, str) and lasting[each] > timedelta(0)]
    if not known:
        return None
    visitor = known[0]
    other = next((each for each in known if each != visitor), None)
    if other is None or visitor != cart:
        return Visit(visitor, lasting[visitor])
    digest = hashlib.sha256(f"{visitor}:{other}".encode()).hexdigest()[:32]
    found = Reassigned(event_id=f"reassigned_{digest}", occurred_at=now, visitor_id=visitor, other_visitor_id=other)
    return Visit(visitor, lasting[visitor], found)


def flags_of(evaluating: Evaluating, visitor: str, day: date) -> tuple[dict[str, bool], dict[str, str]]:
    """Return what each surface and each experiment says for a visitor, without recording anything.

    A flag that cannot be evaluated, as when two experiments run on one surface, is left out: the page shows what it shows
    without us.
    """
    surfaces: dict[str, bool] = {}
    experiments: dict[str, str] = {}
    for name in evaluating.surfaces:
        try:
            surfaces[name] = bool(evaluating.surface(name, visitor, day).value)
        except CounterclickError:
            continue
    for name in evaluating.experiments:
        try:
            experiments[name] = evaluating.evaluate(name, visitor, day).variant
        except CounterclickError:
            continue
    return surfaces, experiments


def met(evaluating: Evaluating, visitor: str, day: date, applied: Mapping[str, Any]) -> Met:
    """Return the exposures of what a page applied, where that is what holds.

    Args:
        evaluating: the shop's flags.
        visitor: whose page it is.
        day: of the shop.
        applied: surface -> whether it was on, or experiment -> the arm.
    """
    exposures: dict[str, Exposure] = {}
    stale = []
    for name, value in applied.items():
        try:
            ask = evaluating.surface if isinstance(value, bool) else evaluating.evaluate
            found = ask(name, visitor, day)
        except CounterclickError:
            stale.append(name)
            continue
        if found.value != value:
            stale.append(name)
            continue
        exposures |= {str(each.event_id): each for each in found.exposures}
    return Met(tuple(exposures.values()), tuple(stale))


def _lasts(visitor: str, today: date) -> timedelta:
    """Return how long an id may still be known; nothing where it is not one of ours."""
    found = _VISITOR.fullmatch(visitor)
    try:
        began = date.fromisoformat(found[1]) if found else None
    except ValueError:
        began = None
    if began is None or began > today + timedelta(days=1):
        return timedelta(0)
    return began + LONGEST - today
