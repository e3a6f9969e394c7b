"""Evaluating a proposal: the shop's logged decisions under the proposed setting, and what their visitors then bought.

The proposed policy learns from what had been ordered before the first of these decisions, so that it does not know what
it is tried on. Decisions and `counterclick.facts.Outcomes` are all that is read; neither has clicks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import numpy as np
from ibis import _, literal

from counterclick.config import Config, Rules, changed, duration
from counterclick.decisions import Ranking
from counterclick.decisions.replaying import made_of, replayed
from counterclick.decisions.rewards import foreseen
from counterclick.display import Grid, Shown, count, money
from counterclick.errors import RefusedError
from counterclick.facts.rows import one_row
from counterclick.shop.fitting import taught
from counterclick.shop.proposals import Proposal
from counterclick.shop.reading import Reading
from counterclick.stats import Estimate, OffPolicy, Valued, weighted_value

__all__ = ["Evaluated", "evaluated"]

_NAMES = {"ips": "IPS", "snips": "SNIPS", "doubly_robust": "doubly robust"}


@dataclass(frozen=True, slots=True)
class Evaluated(Shown):
    """What logged decisions say of a proposal.

    Attributes:
        proposal: with what was said of it.
        currency: of the shop.
        window: after a decision, in which orders count.
        first_on: day (UTC) of the first decision that could count.
        last_on: of the last one.
        n_decisions: that were replayed.
        n_untold: that do not say how they came about, and were left out.
        estimates: by three estimators; None where nothing could be estimated.
        refusals: why none of it is to be believed, each in one sentence; empty where it may be.
        next_step: what to do now.
        section: of ``shop.toml``, by which the proposal is put up as an experiment; empty where it is already.
        is_put_up: whether that was written.
    """

    proposal: Proposal
    currency: str
    window: str
    first_on: date
    last_on: date
    n_decisions: int
    n_untold: int
    estimates: OffPolicy | None
    refusals: tuple[str, ...]
    next_step: str
    section: str = ""
    is_put_up: bool = False

    def grids(self) -> list[Grid]:
        """Return the estimates beside what was logged, and the next step."""
        own = self.proposal
        notes = [*(f"Refused: {each}" for each in self.refusals), f"Next: {self.next_step}"]
        if self.n_untold and own.policy != Ranking.name:
            notes.insert(0, f"{count(self.n_untold)} decisions do not say what was in the cart, and are left out.")
        title = f"{own.name}: {own.says}"
        if self.estimates is None:
            return [Grid(title, (), (), notes)]
        rows = [("as logged", self._amount(self.estimates.logged.value), self._ends(self.estimates.logged), "")]
        rows += [self._row(name) for name in _NAMES if getattr(self.estimates, name) is not None]
        told = (
            f"Net revenue a decision, of what its visitor ordered within {self.window} after it, of "
            f"{count(self.n_decisions)} decisions of {own.policy} on {own.surface}, {self.first_on} to {self.last_on}.",
            f"{count(self.estimates.n_units)} visitors say as much as {count(self.estimates.effective)} with equal weights; "
            f"the largest weight is {self.estimates.largest:,.1f}.",
        )
        heads = ("estimate", "a decision", "95 %", "more than logged")
        return [Grid(title, heads, rows, (*told, *notes))]

    def _row(self, name: str) -> tuple[str, str, str, str]:
        found: Valued = getattr(self.estimates, name)
        if self.refusals:
            return (_NAMES[name], "refused", "", "")
        more = "nothing" if found.gain is None else f"{self._amount(found.gain.value)} {self._ends(found.gain)}"
        return (_NAMES[name], self._amount(found.value.value), self._ends(found.value), more)

    def _amount(self, value: float) -> str:
        return money(value, self.currency)

    @staticmethod
    def _ends(found: Estimate) -> str:
        return f"[{found.lower:,.2f}, {found.upper:,.2f}]"


def evaluated(
    proposed: Proposal,
    config: Config,
    rules: Rules,
    reading: Reading,
    past: Callable[[datetime], Reading],
    days: int,
) -> Evaluated:
    """Return what logged decisions say of a proposal, before what follows from it is said.

    Args:
        proposed: the change.
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` and ``boosts.toml`` do.
        reading: of the store.
        past: returns the store as it stood before a moment.
        days: of decisions, the newest whose window is over.

    Raises:
        ConfigError: what is proposed cannot be.
        EmptyStoreError: nothing is recorded.
    """
    window = duration(config.attribution.window)
    over = reading.as_of() - window
    every = reading.facts.events.filter(
        _.kind == "decision",
        _.visitor_id.notnull(),
        _.policy == proposed.policy,
        _.surface == proposed.surface,
        _.occurred_at <= literal(over),
    )
    ends = _utc(one_row(every.agg(last=_.occurred_at.max()))["last"]) or over
    begins = ends - timedelta(days=days)
    outcomes = reading.facts.outcomes()
    decisions = every.filter(_.occurred_at >= literal(begins))
    made, n_untold = made_of(decisions, outcomes, window)
    found = Evaluated(
        proposal=proposed,
        currency=config.shop.currency,
        window=config.attribution.window,
        first_on=begins.date(),
        last_on=ends.date(),
        n_decisions=len(made),
        n_untold=n_untold,
        estimates=None,
        refusals=(),
        next_step="",
    )
    if not made:
        during = f"from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
        says = f"no decisions of {proposed.policy} on {proposed.surface} are logged {during}."
        if n_untold and proposed.policy == Ranking.name:
            says = (
                f"{count(n_untold)} lists were put in order {during}; what another order earns, only an experiment can say."
            )
        return replace(found, refusals=(says,))
    otherwise, other_rules = changed(config, rules, proposed.changes)
    before = past(begins)
    try:
        policy = taught(proposed.policy, otherwise, other_rules, before.facts.outcomes(), past)
    finally:
        before.close()
    under = replayed(made, policy)
    predicted, expected = foreseen(made, under)
    try:
        estimates = weighted_value(
            [each.outcome for each in made],
            [each.weight for each in under],
            predicted=predicted,
            expected=expected,
            units=np.array([each.person for each in made]),
            uncovered=fmean(each.uncovered for each in under),
        )
    except RefusedError as error:
        return replace(found, refusals=(str(error),))
    return replace(found, estimates=estimates, refusals=estimates.refusals)


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
