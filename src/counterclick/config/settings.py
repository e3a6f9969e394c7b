"""What ``shop.toml`` may declare, section by section."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from counterclick.config.bundles import BundlesConfig
from counterclick.config.chats import ChatConfig
from counterclick.config.engine import EngineConfig
from counterclick.config.health import HealthConfig
from counterclick.config.loop import LoopConfig
from counterclick.config.models import ModelsConfig
from counterclick.config.ranking import RankingConfig
from counterclick.config.readiness import ReadinessConfig
from counterclick.config.replenishment import ReplenishmentConfig
from counterclick.config.retention import RetentionConfig
from counterclick.config.returns import ReturnsConfig
from counterclick.config.serve import ServeConfig
from counterclick.config.shopify import ShopifyConfig
from counterclick.config.tables import TableConfig
from counterclick.config.warehouse import FactConfig
from counterclick.errors import ConfigError, UnknownNameError

__all__ = [
    "AI",
    "EVERYWHERE",
    "HELD_OUT",
    "HOLDOUT",
    "NOTHING",
    "AttributionConfig",
    "Config",
    "ExperimentConfig",
    "HoldoutConfig",
    "KillConfig",
    "OnOffConfig",
    "ShareChange",
    "ShopConfig",
    "SurfaceConfig",
    "duration",
]

NOTHING = "nothing"
"""The variant and policy that shows nothing."""
HOLDOUT = "holdout"
"""Name under which the global holdout is an experiment."""
HELD_OUT = "held_out"
"""Its control."""
AI = "ai"
"""Its other arm: every surface as usual."""
EVERYWHERE = "everywhere"
"""Its surface."""
_LONGEST = 3660 * 86_400
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[shop]``.

    Attributes:
        currency: what all figures are in; ISO 4217.
        timezone: in which days, weeks and months begin; IANA name.
        locale: how pages write numbers and days, such as ``de`` or ``en-GB``; as English is written where the time zone is,
            unless given.
        store: folder of the events, relative to ``shop.toml``.
        log: place of the event log, if not in that folder.
        rates: CSV with the columns day, from, to, rate, for amounts in other currencies.
        margin_rate: share of revenue left after the cost of goods, where unit costs are not recorded.
        returns_window: after which an order's returns have matured.
        allowance: how late events may arrive before a visitor's value is taken as finished.
    """

    currency: str = "EUR"
    timezone: str = "UTC"
    locale: str | None = None
    store: str = ".counterclick"
    log: str | None = None
    rates: str | None = None
    margin_rate: float | None = None
    returns_window: str = "30d"
    allowance: str = "2d"


class AttributionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[attribution]``: the rule by which surfaces are credited with orders.

    Attributes:
        rule: ``first_touch`` or ``last_touch``.
        window: how long before the order a touch may lie.
        helpful_only: whether only helpful answers and clicks count, or every interaction.
    """

    rule: Literal["first_touch", "last_touch"] = "first_touch"
    window: str = "24h"
    helpful_only: bool = True


class SurfaceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[surfaces.NAME]``.

    Attributes:
        celebrates: the one metric that would make its owner celebrate if it doubled.
        measured_on: the metric that it is reported by.
        tuned_on: the metric that it is optimised for.
        tested_on: the metric that it is tested on, where its experiment is not declared here.
        monthly_cost: what it costs, in the shop's currency.
        live_since: first day on which it was on, where the log begins later.
        claimed_by: outside tools whose claims are about it, as their claims files name them.
    """

    celebrates: str | None = None
    measured_on: str | None = None
    tuned_on: str | None = None
    tested_on: str | None = None
    monthly_cost: float | None = None
    live_since: date | None = None
    claimed_by: tuple[str, ...] = ()


class KillConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[kill]``: for how long a surface may cost without showing anything. The days are the mission's gates.

    Attributes:
        no_movement_days: with a concurrent holdout, after which units per order must have moved up.
        no_lift_days: after which average order value or units per order must show a lift that is not noise.
    """

    no_movement_days: int = 60
    no_lift_days: int = 90


class ShareChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[experiments.NAME.changes]]``: from a day on new visitors are shared out differently; the others keep their arm.

    Attributes:
        changes_on: first day of the new shares; a change is declared before it.
        variants: the same variants -> their new shares.
    """

    changes_on: date
    variants: dict[str, float]


class ExperimentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[experiments.NAME]``.

    Attributes:
        surface: where it runs.
        control: the variant that the feature is compared with: the static rule where there is one.
        variants: variant -> share of visitors; they add up to 1. A variant is a policy.
        treatment: the feature; without it, the only variant that is neither control nor ``nothing``, else the first.
        outcome: the metric of the verdict.
        window: after a visitor's first eligibility, in which its orders count.
        guardrails: metric -> relative change for the worse that would still be borne.
        starts_on: first day on which visitors become eligible, in the shop's time zone.
        ends_on: last day on which they do.
        salt: what is hashed with the visitor; the experiment's name unless given.
        looks: ``weekly`` looks that share the error rate, one at the ``end``, or ``anytime``: an anytime-valid band, which
            needs no plan and sees less.
        planned_buyers: buyers of control and feature together that the weekly looks are reckoned by; from the history
            before the start unless given.
        assignment: ``bernoulli`` where each visitor is assigned for itself, by its hash; ``fixed`` where a list was split in
            exact shares.
        layer: experiments of one layer exclude each other: a visitor is in one of them at most.
        traffic: the part of the layer's visitors, from and to, that takes part: ``[0.0, 0.5]`` is the first half.
        changes: of shares while it runs; each begins a stratum of its own.
        unit: who is assigned: a ``visitor``, or a ``customer``, who is written to without a visit.
        adjust: whether the verdict is adjusted for revenue before eligibility; declared before it starts, and left out where
            too few visitors have a history, or too few buy.
        settings: variant -> the settings that it changes: ``{ "bundles@few" = { "bundles.basket_items" = 20 } }``.
    """

    surface: str
    control: str
    variants: dict[str, float]
    starts_on: date
    ends_on: date
    treatment: str | None = None
    outcome: str = "revenue_per_visitor"
    window: str = "7d"
    guardrails: dict[str, float] = {}
    salt: str | None = None
    looks: Literal["weekly", "end", "anytime"] = "weekly"
    planned_buyers: int | None = None
    assignment: Literal["bernoulli", "fixed"] = "bernoulli"
    layer: str | None = None
    traffic: tuple[float, float] = (0.0, 1.0)
    changes: tuple[ShareChange, ...] = ()
    adjust: bool = False
    unit: Literal["visitor", "customer"] = "visitor"
    settings: dict[str, dict[str, Any]] = {}

    def shares_on(self, day: date) -> dict[str, float]:
        """Return the shares by which visitors are assigned who become eligible on a day."""
        begun = [change for change in self.changes if change.changes_on <= day]
        return begun[-1].variants if begun else self.variants

    @property
    def strata(self) -> tuple[tuple[date, date], ...]:
        """First and last entry day of each period with shares of its own."""
        firsts = [self.starts_on, *(change.changes_on for change in self.changes)]
        lasts = [first - timedelta(days=1) for first in firsts[1:]]
        return tuple(zip(firsts, [*lasts, self.ends_on], strict=True))

    @property
    def feature(self) -> str:
        """The variant that the verdict is about."""
        if self.treatment is not None:
            return self.treatment
        others = [name for name in self.variants if name != self.control]
        return next((name for name in others if name != NOTHING), others[0])


class HoldoutConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[holdout]``: visitors who get no AI surface at all, beside every surface's own arms.

    Attributes:
        share: of visitors held out; 0.1 or more, or it sees nothing.
        starts_on: first day, in the shop's time zone.
        ends_on: last day.
        window: after a visitor's first eligibility, in which its orders count.
        outcome: the metric of the verdict.
        guardrails: as of an experiment.
        salt: what is hashed with the visitor.
        looks: as of an experiment.
        planned_buyers: as of an experiment.
    """

    share: float
    starts_on: date
    ends_on: date
    window: str = "7d"
    outcome: str = "revenue_per_visitor"
    guardrails: dict[str, float] = {}
    salt: str | None = None
    looks: Literal["weekly", "end", "anytime"] = "weekly"
    planned_buyers: int | None = None

    def as_experiment(self) -> ExperimentConfig:
        """Return the experiment that it is: everything against nothing, over all surfaces."""
        return ExperimentConfig(
            surface=EVERYWHERE,
            control=HELD_OUT,
            treatment=AI,
            variants={HELD_OUT: self.share, AI: 1 - self.share},
            outcome=self.outcome,
            window=self.window,
            guardrails=self.guardrails,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            salt=self.salt,
            looks=self.looks,
            planned_buyers=self.planned_buyers,
        )


class OnOffConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[onoff.SURFACE]``: a schedule by which a surface is switched on and off for everyone.

    Attributes:
        starts_on: first day, in the shop's time zone.
        weeks: how long; whole cycles of two weeks, or of two blocks where these are longer.
        block: least length of a block: ``1d``, ``2d``, ``3d`` or whole weeks; `counterclick onoff plan` advises one that is
            no shorter than the shop's decision lag.
        washout: first days of each block that do not count, such as ``1d``; none unless given.
        lift: smallest lift of the whole shop's revenue that would matter; the break-even lift unless given.
        salt: what the coins are made from; the surface's name unless given.
    """

    starts_on: date
    weeks: int
    block: str | None = None
    washout: str | None = None
    lift: float | None = None
    salt: str | None = None

    @property
    def block_days(self) -> int | None:
        """Least length of a block in days; None where not declared."""
        return None if self.block is None else duration(self.block) // timedelta(days=1)

    @property
    def washout_days(self) -> int:
        """Days at the beginning of each block that do not count."""
        return 0 if self.washout is None else duration(self.washout) // timedelta(days=1)

    @property
    def ends_on(self) -> date:
        """Last day."""
        return self.starts_on + timedelta(weeks=self.weeks) - timedelta(days=1)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``shop.toml``."""

    shop: ShopConfig = ShopConfig()
    attribution: AttributionConfig = AttributionConfig()
    surfaces: dict[str, SurfaceConfig] = {}
    experiments: dict[str, ExperimentConfig] = {}
    holdout: HoldoutConfig | None = None
    onoff: dict[str, OnOffConfig] = {}
    kill: KillConfig = KillConfig()
    tables: dict[str, TableConfig] = {}
    chats: dict[str, ChatConfig] = {}
    shopify: ShopifyConfig | None = None
    loop: LoopConfig | None = None
    serve: ServeConfig = ServeConfig()
    readiness: ReadinessConfig = ReadinessConfig()
    bundles: BundlesConfig = BundlesConfig()
    ranking: RankingConfig = RankingConfig()
    returns: ReturnsConfig = ReturnsConfig()
    replenishment: ReplenishmentConfig = ReplenishmentConfig()
    models: ModelsConfig = ModelsConfig()
    health: HealthConfig = HealthConfig()
    retention: RetentionConfig = RetentionConfig()
    engine: EngineConfig = EngineConfig()
    facts: dict[str, FactConfig | tuple[FactConfig, ...]] = {}

    @property
    def claimed_by(self) -> dict[str, str]:
        """Outside tool -> the surface that its claims are about: what is declared, else the surface of its name."""
        own = {surface: surface for surface in self.surfaces}
        return own | {tool: surface for surface, declared in self.surfaces.items() for tool in declared.claimed_by}

    def experiment(self, name: str) -> ExperimentConfig:
        """Return a declared experiment.

        Raises:
            UnknownNameError: there is none of that name.
        """
        if name == HOLDOUT and self.holdout is not None:
            return self.holdout.as_experiment()
        if name not in self.experiments:
            raise UnknownNameError("experiment", name, self.experiments, "Declare it as [experiments.NAME] in shop.toml.")
        return self.experiments[name]


def duration(text: str) -> timedelta:
    """Return a duration written as a number and a unit: ``30m``, ``24h``, ``7d``, ``2w``.

    Raises:
        ConfigError: it is not written so, or is not above zero.

    >>> duration("24h")
    datetime.timedelta(days=1)
    """
    found = re.fullmatch(r"([0-9]{1,9})\s*([mhdw])", text.strip())
    seconds = int(found.group(1)) * _UNITS[found.group(2)] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise ConfigError(
            f"{text!r} is not a duration; write a number and m, h, d or w, such as '24h' or '7d'; ten years at most."
        )
    return timedelta(seconds=seconds)
