"""The audit: one page that a store's owner reads before the quarterly review."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.audits.alignment import Alignment
from counterclick.audits.claims import Claims
from counterclick.audits.drift import Drift
from counterclick.audits.health import Health
from counterclick.audits.readiness import Readiness
from counterclick.audits.theatre import Theatre
from counterclick.display import Grid, Shown

__all__ = ["Audit"]


@dataclass(frozen=True, slots=True)
class Audit(Shown):
    """What is claimed, what is true, what has drifted, and what to switch off.

    Attributes:
        claims: what surfaces and tools claim, are credited with, and earn.
        theatre: engagement beside money, and what to do with each surface.
        drift: proxies that rise while money does not.
        alignment: what each surface is measured, tuned and tested on.
        readiness: the store's stage, and what it should run.
        health: the state of the recorded data.
    """

    claims: Claims
    theatre: Theatre
    drift: Drift
    alignment: Alignment
    readiness: Readiness
    health: Health

    def grids(self) -> list[Grid]:
        """Return the page: what is true, what to do, and what it rests on."""
        return [
            self.claims.head(),
            self.theatre.advice(),
            self.claims.worth(),
            *self.theatre.figures(),
            self.drift.summary(),
            self.alignment.table("misaligned"),
            *self.readiness.grids()[:2],
            self.health.attention(),
        ]
