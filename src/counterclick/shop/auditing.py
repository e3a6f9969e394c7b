"""From the shop's tables and verdicts to its audits: one function for each, which hands on values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import Rule, claimed, claims, credits, pairs, within
from counterclick.audits import (
    CLAIM_RULE,
    WIDEST,
    Aims,
    Alignment,
    Base,
    Claims,
    Drift,
    Ledger,
    Line,
    Recommendation,
    Situation,
    SurfaceFigures,
    Theatre,
    Trial,
    alignment_audit,
    claimed_by_surface,
    clicked_by_day,
    followings,
    laid,
    ledger_audit,
    moves,
    recommend,
    shown_by_day,
    theatre_audit,
)
from counterclick.config import Config, Rules, base_of
from counterclick.display import percent
from counterclick.errors import CounterclickError
from counterclick.experiments import Experiment
from counterclick.experiments.stakes import DAYS_A_MONTH
from counterclick.facts.rows import all_rows, one_row
from counterclick.metrics import Sources, compute, metric_named
from counterclick.shop.reading import Reading
from counterclick.shop.registry import verdict_of
from counterclick.shop.trials import Trials
from counterclick.verdicts import Verdict

if TYPE_CHECKING:
    from counterclick.shop.onoff import OnOff

__all__ = ["Auditing"]

_LIVELY = ("page_view", "purchase", "exposure")
"""Kinds that a shop which is open has every day; refunds come long after."""
_BY_RULES = {"bundles", "rules"}
"""Policies that decide by rules.toml and boosts.toml."""
_BY_ORDER = ("order_id",)
_PLANNED = 20
"""So many surfaces without an answer are told how they could be tested, the busiest first: each plan takes a moment."""
_UNPLANNED = (
    f"How it could be tested is worked out for the {_PLANNED} busiest only: declare an experiment, and "
    "`counterclick experiment plan` says it."
)


@dataclass
class Auditing:
    """The audits of a shop as it is read now; what several of them need is computed once.

    Attributes:
        config: of the shop.
        reading: of its store.
        rule: of attribution.
        experiments: every declared one.
        proposed: surface -> an experiment that could be declared on it.
        onoff: surface -> its on/off test.
        progress: called with each experiment's name and the fraction done.
        rules: what ``rules.toml`` and ``boosts.toml`` declare.
    """

    config: Config
    reading: Reading
    rule: Rule
    experiments: Mapping[str, Experiment]
    proposed: Callable[[str], Experiment]
    onoff: Callable[[str], OnOff]
    progress: Callable[[str, float], None]
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def verdicts(self) -> dict[str, Verdict | str]:
        """Experiment -> its verdict, or why there is none."""
        found: dict[str, Verdict | str] = {}
        for number, (name, experiment) in enumerate(self.experiments.items()):
            self.progress(name, number / (len(self.experiments) + 1))
            found[name] = verdict_of(experiment)
        return found

    @cached_property
    def ledger(self) -> Ledger:
        """Claims of all tools and surfaces beside the shop's credits."""
        return ledger_audit(
            orders=self.reading.facts.orders,
            paired=self._paired,
            told=self.reading.facts.tool_claims,
            claimed=self.claimed,
            credited=self.credited,
            rule=self.rule,
            claimed_by=self.config.claimed_by,
            currency=self.config.shop.currency,
            timezone=self.config.shop.timezone,
        )

    @cached_property
    def claims(self) -> Claims:
        """What each surface claims, is credited with, and earns, with the ledger."""
        return Claims(self.config.shop.currency, self.lines, self.ledger)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """What each surface claims, is credited with, and earns."""
        arms = [
            experiment.feature_orders().select("order_id", "visitor_id", "revenue", experiment=ibis.literal(name))
            for name, experiment in self.experiments.items()
        ]
        return laid(
            claimed=self.claimed,
            credited=self.credited,
            arms=self.reading.keep(ibis.union(*arms), "arms") if arms else None,
            bases={name: self._base(name) for name in self.experiments},
            costs={name: settings.monthly_cost for name, settings in self.config.surfaces.items()},
            revenue=one_row(self.reading.facts.orders.agg(total=_.revenue.sum().cast("float64")))["total"] or 0.0,
        )

    @cached_property
    def theatre(self) -> Theatre:
        """Engagement beside money, and what to do with each surface."""
        found, trials = self._figures(), self._trials(self.drift)
        figures = {name: found.get(name) or SurfaceFigures(None) for name in self.surfaces}
        asking = [name for name in self.surfaces if _asks(trials.of(name))]
        busiest = sorted(asking, key=lambda name: -(figures[name].interactions_a_month or 0.0))
        proposals = {name: self._proposal(name) for name in busiest[:_PLANNED]}
        proposals |= dict.fromkeys(busiest[_PLANNED:], _UNPLANNED)
        situations = [(self._situation(name, trials, proposals.get(name, "")), each) for name, each in figures.items()]
        return theatre_audit(situations, self.config.shop.currency)

    @cached_property
    def advised(self) -> tuple[tuple[Situation, Recommendation], ...]:
        """Every surface with what to do with it: as `theatre` says, without its figures and without proposals of tests."""
        trials = self._trials(None)
        situations = [self._situation(name, trials) for name in self.surfaces]
        return tuple((situation, recommend(situation)) for situation in situations)

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Every surface that is declared, has an experiment, or is named by an event."""
        tested = (experiment.config.surface for experiment in self.experiments.values())
        return tuple(dict.fromkeys([*self.config.surfaces, *tested, *self._first_seen]))

    @cached_property
    def _first_seen(self) -> dict[str, date]:
        """Surface -> day of its first event."""
        days = self.reading.days
        seen = days.filter(days.surface.notnull() & (days.kind != "rejection")).group_by("surface").agg(first=_.on.min())
        return {row["surface"]: row["first"] for row in all_rows(seen)}

    @cached_property
    def drift(self) -> Drift:
        """Clicks, time and messages beside revenue."""
        from counterclick.shop.drifting import drift_of

        return drift_of(self.config, self.reading, self.rule, self.experiments, self.verdicts, progress=self.progress)

    @cached_property
    def alignment(self) -> Alignment:
        """What each surface is measured, tuned and tested on, and what its policies follow."""
        events, keep = self.reading.facts.events, self.reading.keep
        shown = shown_by_day(events.filter(events.kind == "view_item_list"), self.reading.facts.parts)
        clicked = clicked_by_day(events.filter(events.kind == "select_item"))
        shown = keep(shown, "shown_by_day", merges={"n_shown": "sum"})
        clicked = keep(clicked, "clicked_by_day", merges={"n_clicks": "sum"})
        rows = all_rows(moves(shown, clicked, self.reading.facts.order_lines))
        aims = [
            Aims(
                surface,
                declared.celebrates,
                declared.measured_on,
                declared.tuned_on,
                declared.tested_on,
                {name: e.config.outcome for name, e in self.experiments.items() if e.config.surface == surface},
                self._settings_of(surface),
            )
            for surface, declared in self.config.surfaces.items()
        ]
        return alignment_audit(aims, followings(rows))

    def _settings_of(self, surface: str) -> dict[str, str]:
        """Return the files of settings by which a surface's policies decide, with what they say they were made from."""
        tested = (each for each in self.config.experiments.values() if each.surface == surface)
        by_rules = {base_of(arm) for each in tested for arm in (*each.variants, each.control)} & _BY_RULES
        told = {"rules.toml": self.rules.tuned_on, "boosts.toml": self.rules.boosts_tuned_on}
        return {file: metric for file, metric in told.items() if metric is not None and by_rules}

    @cached_property
    def _paired(self) -> Table:
        return self.reading.keep(self.pairs_query, "paired", _BY_ORDER)

    @property
    def pairs_query(self) -> Table:
        """The query of every order beside what its buyer did with a surface in the widest window before."""
        return pairs(self.reading.facts.orders, self.reading.facts.interactions, WIDEST)

    @cached_property
    def credited(self) -> Table:
        """Grain: one order credited by the shop's rule."""
        return self.reading.facts.kept(self.credits_query, "credited", _BY_ORDER)

    @property
    def credits_query(self) -> Table:
        """The query of `credited`."""
        return credits(self.reading.facts.orders, self.reading.facts.interactions, self.rule)

    @cached_property
    def claimed(self) -> Table:
        """Grain: one order, and surface or tool that claims it."""
        return self.reading.keep(self._claims(claimed(within(self._paired, CLAIM_RULE))), "claimed", _BY_ORDER)

    @property
    def claims_query(self) -> Table:
        """The query of `claimed`, over facts alone."""
        facts = self.reading.facts
        return self._claims(claims(facts.orders, facts.interactions, CLAIM_RULE))

    def _claims(self, ruled: Table) -> Table:
        facts = self.reading.facts
        return claimed_by_surface(ruled, facts.tool_claims, facts.orders, self.config.claimed_by)

    def _base(self, name: str) -> Base:
        experiment, verdict = self.experiments[name], self.verdicts[name]
        surface = experiment.config.surface
        try:
            arms = experiment.measured().arms
        except CounterclickError as error:
            return Base(surface, verdict if isinstance(verdict, str) else str(error), 0, None)
        feature = arms.get(experiment.config.feature)
        control = arms.get(experiment.config.control)
        return Base(surface, verdict, feature.n if feature else 0, control, _no_ratio(experiment, verdict))

    def _figures(self) -> dict[str, SurfaceFigures]:
        """Return what the log says of each surface that it names."""
        sources = Sources(self.reading.facts, self.rule)
        credit = {
            found.key: found for found in compute(sources, metric_named("attributed_revenue_per_interaction"), "surface")
        }
        ctr = {found.key: found.value for found in compute(sources, metric_named("ctr"), "surface")}
        found = {}
        for name, first in self._first_seen.items():
            recorded = max((self.today - first).days + 1, 1) / DAYS_A_MONTH  # it may be seen first after the last order
            own = credit.get(name)
            attributed = (own.numerator or 0.0) if own else 0.0
            found[name] = SurfaceFigures(
                months=max((self.today - self._live_since(name, first)).days + 1, 1) / DAYS_A_MONTH,
                interactions_a_month=((own.denominator or 0.0) if own else 0.0) / recorded,
                ctr=ctr.get(name),
                attributed_a_month=attributed / recorded,
                attributed_share=attributed / self.ledger.revenue if self.ledger.revenue else 0.0,
            )
        return found

    def _live_since(self, surface: str, first: date) -> date:
        declared = self.config.surfaces.get(surface)
        return min(first, declared.live_since) if declared and declared.live_since else first

    @cached_property
    def today(self) -> date:
        """The last day of which anything of the shop is recorded."""
        days = self.reading.days
        last = one_row(days.filter(days.kind.isin(_LIVELY)).agg(last=_.last_at.max()))["last"]
        return self._day(min(last, self.reading.as_of()) if last else self.reading.as_of())

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.config.shop.timezone)).date()

    def _situation(self, surface: str, trials: Trials, proposal: str = "") -> Situation:
        declared = self.config.surfaces.get(surface)
        tested = trials.of(surface)
        first = self._first_seen.get(surface)
        days = None if first is None else max((self.today - self._live_since(surface, first)).days + 1, 1)
        return Situation(
            surface=surface,
            days_live=days,
            tested=tested,
            proposal=proposal,
            kill=self.config.kill,
            monthly_cost=declared.monthly_cost if declared else None,
            currency=self.config.shop.currency,
            held_together=self.config.holdout is not None,
        )

    def _trials(self, drift: Drift | None) -> Trials:
        return Trials(self.experiments, self.verdicts, drift, self.config.onoff, self.onoff, self.today)

    def _proposal(self, surface: str) -> str:
        """Return how a surface could be tested: its visitors split, or the surface switched on and off."""
        parts = []
        try:
            visible = self.proposed(surface).plan().smallest_visible
            shown = ", ".join(f"{weeks} weeks show {percent(visible[weeks])}" for weeks in (8, 26) if weeks in visible)
            parts.append(f"Its visitors split half and half: {shown} or more.")
        except CounterclickError as error:
            parts.append(f"Splitting its visitors cannot be planned: {error}")
        try:
            plan = self.onoff(surface).plan()
            best = {found.weeks: found.best_known(washout=plan.washout_is_declared) for found in plan.horizons}
            known = [(visible, weeks) for weeks, visible in best.items() if visible is not None]
            if known:
                least, weeks = min(known)
                parts.append(
                    f"Switched on and off by a randomised schedule: {weeks} weeks show {percent(least)} of the whole "
                    "shop's revenue or more."
                )
        except CounterclickError as error:
            parts.append(f"Switching it on and off cannot be planned: {error}")
        return " ".join(parts)


def _asks(tested: Trial | None) -> bool:
    """Say whether it is to be told how a surface could be tested: it was not, or without an answer."""
    return tested is None or (tested.ended and (tested.verdict is None or tested.verdict.outcome == "inconclusive"))


def _no_ratio(experiment: Experiment, verdict: Verdict | str) -> str:
    """Say why an effect is not divided by a credit, where it is not."""
    if experiment.config.changes:
        return "its shares were changed on the way, so that its visitors cannot be laid together."
    if isinstance(verdict, Verdict) and verdict.next_look_on is not None:
        return "it is still being looked at; a ratio now would be peeking."
    return ""
