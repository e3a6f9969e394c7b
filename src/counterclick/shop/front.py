"""The shop: one object whose verbs are also the commands and, later, the routes."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import FirstTouch, LastTouch, Rule, claims, credits
from counterclick.audits import CLAIM_RULE, Audit, claims_audit
from counterclick.config import Config, ExperimentConfig, duration, load
from counterclick.decisions import POLICIES, Ask, Decision, Policy
from counterclick.errors import ConfigError, CounterclickError, InputError, UnknownNameError
from counterclick.events.redaction import hashed
from counterclick.events.vocabulary import Event
from counterclick.experiments import Context, Experiment
from counterclick.experiments.assignment import assign
from counterclick.facts import Facts
from counterclick.metrics import METRICS, Sources, compute, metric_named
from counterclick.metrics.compute import By
from counterclick.shop.deciding import exposure_of, running_experiment
from counterclick.shop.declaring import declaration, declarations, undeclared
from counterclick.shop.health import Health, Refused, health_of, refused_events
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, Recorded, record_bodies, record_file, silent
from counterclick.shop.shown import MetricTable, OrderList
from counterclick.store import Store
from counterclick.verdicts import Verdict

__all__ = ["Shop", "demo", "open_shop"]

_DRAIN_ABOVE = 2_000


class Shop:
    """A shop: its configuration and its events.

    Args:
        config: what ``shop.toml`` declares.
        folder: where ``shop.toml`` lies; the store is found from there.
        memory_limit: of the embedded database.
    """

    def __init__(self, config: Config, folder: Path, *, memory_limit: str = "1500MB") -> None:
        self.config = config
        self.folder = folder
        self.store = Store(folder / config.shop.store, config.shop.log)
        self._memory_limit = memory_limit
        self._reading: Reading | None = None
        self._policies: dict[str, Policy] = {}
        self._declared: set[str] = set()
        for name, settings in config.experiments.items():
            _check_metrics(name, settings)

    def __repr__(self) -> str:
        return f"Shop({str(self.folder)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Move what waits into the log, and let go of the files."""
        self.refresh()
        self.store.drain()
        self.store.close()

    def refresh(self) -> None:
        """Forget the facts read so far; the next question reads the store anew."""
        self._reading = None
        self._policies = {}

    # -- recording -----------------------------------------------------------------------------------------------

    def record(
        self,
        events: str | Path | Iterable[Mapping[str, Any] | Event],
        *,
        mapping: str | None = None,
        progress: Progress = silent,
    ) -> Recorded:
        """Record a file, or single events; when this returns they are on disk.

        Args:
            events: path of a CSV, Parquet or JSON-lines file, or objects in the vocabulary.
            mapping: for files in other words: the mapping's name; by default the one whose pattern fits.
            progress: called with each step and the fraction done.

        Raises:
            InputError: the file cannot be read as what it should be; nothing was recorded.
            StoreError: it could not be written; nothing was recorded.
        """
        if isinstance(events, str | Path):
            recorded = record_file(self.store, self.config, Path(events), mapping=mapping, progress=progress)
        else:
            recorded = record_bodies(self.store, self.config, events)
            if self._waiting() > _DRAIN_ABOVE:
                self.store.drain()
        self.refresh()
        return recorded

    def _waiting(self) -> int:
        with self.store.inbox.reading() as transaction:
            row = transaction.execute("SELECT count(*) FROM bodies").fetchone()
            return int(row[0])

    # -- facts ---------------------------------------------------------------------------------------------------

    @property
    def reading(self) -> Reading:
        """The store as it was when the first question was asked; `refresh` reads it anew."""
        if self._reading is None:
            self._reading = Reading(self.store, self.config, self.folder, self._memory_limit)
        return self._reading

    @property
    def facts(self) -> Facts:
        """All fact tables, as Ibis expressions."""
        return self.reading.facts

    @property
    def orders(self) -> Table:
        """Completed orders, one a row: an Ibis table to filter, join and plot.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        self.reading.as_of()
        return self.facts.orders

    def latest_orders(self, most: int = 20, *, unmatched: str | None = None) -> OrderList:
        """Return the newest completed orders.

        Args:
            most: how many.
            unmatched: only orders in the time of this experiment whose assigned visitor is not known.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such experiment.
        """
        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        orders = self.orders if unmatched is None else self.experiment(unmatched).unmatched_orders()
        newest = orders.order_by([_.ordered_at.desc(), _.order_id]).head(most).to_pyarrow().to_pylist()
        n_all = int(orders.count().to_pyarrow().as_py())
        return OrderList(self.config.shop.currency, tuple(newest), n_all)

    def metric(self, name: str, by: By | None = None) -> MetricTable:
        """Return a metric of the whole shop, by period or by surface.

        Raises:
            UnknownNameError: there is no such metric.
            EmptyStoreError: nothing is recorded.
        """
        metric = metric_named(name)
        self.reading.as_of()
        if by not in (None, "day", "week", "month", "surface"):
            raise ConfigError(f"a metric goes by day, week, month or surface, not by {by!r}.")
        values = compute(Sources(self.facts, self.rule), metric, by, timezone=self.config.shop.timezone)
        return MetricTable(metric, by, self.config.shop.currency, tuple(values))

    @property
    def rule(self) -> Rule:
        """The shop's rule of attribution."""
        declared = self.config.attribution
        rule = FirstTouch if declared.rule == "first_touch" else LastTouch
        return rule(duration(declared.window), helpful_only=declared.helpful_only)

    # -- judging -------------------------------------------------------------------------------------------------

    def experiment(self, name: str) -> Experiment:
        """Return a declared experiment; what it declares is written to the log when it is first asked for.

        Raises:
            UnknownNameError: ``shop.toml`` declares none of that name.
            EmptyStoreError: nothing is recorded.
        """
        config = self.config.experiment(name)
        as_of = self.reading.as_of()
        self._declare(name)
        surface = self.config.surfaces.get(config.surface)
        context = Context(
            facts=self.facts,
            as_of=as_of,
            rule=self.rule,
            currency=self.config.shop.currency,
            timezone=self.config.shop.timezone,
            allowance=duration(self.config.shop.allowance),
            returns_window=duration(self.config.shop.returns_window),
            monthly_cost=surface.monthly_cost if surface else None,
            margin_rate=self.config.shop.margin_rate,
            declarations=declarations(self.reading, name),
        )
        return Experiment(name, config, context)

    def audit(self, *, progress: Progress = silent) -> Audit:
        """Return what each surface claims and is credited with, beside what its holdout shows.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        self.reading.as_of()
        self._declare(*self.config.experiments)
        names = list(self.config.experiments)
        verdicts: dict[str, Verdict | str] = {}
        arms: list[Table] = []
        for number, name in enumerate(names):
            progress(f"experiment {name}", number / (len(names) + 1))
            experiment = self.experiment(name)
            arms.append(experiment.feature_orders().select("order_id", "revenue", experiment=ibis.literal(name)))
            try:
                verdicts[name] = experiment.verdict()
            except CounterclickError as error:
                verdicts[name] = str(error)
        progress("claims", len(names) / (len(names) + 1))
        facts, keep = self.facts, self.reading.keep
        return claims_audit(
            orders=facts.orders,
            claimed=keep(claims(facts.orders, facts.interactions, CLAIM_RULE), "claimed"),
            credited=keep(credits(facts.orders, facts.interactions, self.rule), "credited"),
            arms=keep(ibis.union(*arms), "arms") if arms else None,
            rule=self.rule,
            verdicts=verdicts,
            surfaces={name: self.config.experiments[name].surface for name in names},
            costs={name: settings.monthly_cost for name, settings in self.config.surfaces.items()},
            currency=self.config.shop.currency,
        )

    def check(self, *, fail_on: Iterable[str] = ()) -> Health:
        """Return the state of the recorded data: what was refused, what does not join, what contradicts itself.

        Args:
            fail_on: names of findings that make `Health.fails` true where they stand; ``any`` for all of them.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such finding.
        """
        self.reading.as_of()
        skipped: dict[str, int] = {}
        for report in self.store.log.reports():
            for name, n in report["skipped"].items():
                skipped[name] = skipped.get(name, 0) + n
        known = tuple(self.config.experiments)
        return health_of(self.reading, self.rule, self.config.shop.currency, skipped, known, tuple(fail_on))

    def rejections(self, most: int = 20) -> Refused:
        """Return the newest refused events with their reasons."""
        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        return refused_events(self.reading, most)

    # -- deciding ------------------------------------------------------------------------------------------------

    def decide(
        self, surface: str, visitor: str, *, cart: Iterable[str] = (), most: int = 3, today: date | None = None
    ) -> Decision:
        """Return what a surface shows a visitor, and record that the visitor was eligible.

        The running experiment on the surface assigns the visitor to an arm, the arm's policy decides, and an exposure
        is recorded in every arm alike before anything is shown. Arms whose name is no policy of this product are
        served by the shop's own system: the decision names the arm and offers nothing.

        Args:
            surface: the place that asks.
            visitor: the visitor id.
            cart: products in the cart.
            most: offers wanted at most.
            today: the shop's day; today unless given.

        Raises:
            UnknownNameError: ``shop.toml`` declares no such surface.
            ConfigError: several experiments run on it.
            InputError: the visitor id is empty or too long.
        """
        day = today or datetime.now(ZoneInfo(self.config.shop.timezone)).date()
        name = running_experiment(self.config, surface, day)
        if name is None:
            return Decision(surface, (), f"no experiment runs on {surface} on {day}", "nothing")
        settings = self.config.experiments[name]
        self._declare(name)
        who = hashed(visitor, self.store.key)
        arm = assign(settings.salt or name, who, settings.variants)
        recorded = record_bodies(self.store, self.config, [exposure_of(name, settings, who, arm)], source="decide")
        self._reading = None  # the next question sees the exposure; what policies have learnt stays
        if recorded.rejected:
            raise InputError(f"visitor {visitor[:60]!r} cannot be exposed: a visitor id has 1 to 200 characters.")
        share = settings.variants[arm]
        if arm not in POLICIES:
            says = f"{arm!r} is no policy of this product: the shop's own system serves it"
            return Decision(surface, (), says, arm, name, arm, share, served_here=False)
        offers, scores, because = self._policy(arm).decide(Ask(surface, who, tuple(cart), most))
        return Decision(surface, offers, because, arm, name, arm, share, scores)

    def _policy(self, name: str) -> Policy:
        if name not in self._policies:
            policy = POLICIES[name]()
            policy.fit(self.facts.outcomes())
            self._policies[name] = policy
        return self._policies[name]

    def _declare(self, *names: str) -> None:
        """Write what the experiments declare to the log, where it does not stand there yet."""
        unknown = tuple(name for name in names if name not in self._declared)
        missing = undeclared(self.reading, self.config, unknown) if unknown else []
        if missing:
            now = datetime.now(UTC)
            events = [declaration(name, self.config, now) for name in missing]
            record_bodies(self.store, self.config, events, source="shop.toml")
            self.refresh()
        self._declared.update(names)


def _check_metrics(name: str, settings: ExperimentConfig) -> None:
    """Refuse an experiment whose outcome cannot decide, or whose guardrails are no metrics, before it is run."""
    try:
        decides = metric_named(settings.outcome).decides
        for guardrail in settings.guardrails:
            metric_named(guardrail)
    except UnknownNameError as error:
        raise ConfigError(f"experiment {name!r}: {error}") from error
    if not decides:
        able = ", ".join(metric.name for metric in METRICS.values() if metric.decides)
        raise ConfigError(f"experiment {name!r} cannot be decided on {settings.outcome!r}; outcomes are: {able}.")


def open_shop(path: str | Path = "shop.toml", *, memory_limit: str = "1500MB") -> Shop:
    """Open a shop by its ``shop.toml``.

    Args:
        path: the file.
        memory_limit: of the embedded database, such as ``"1500MB"``.

    Raises:
        ConfigError: the file is not there or says something that cannot be.
    """
    file = Path(path)
    return Shop(load(file), file.resolve().parent, memory_limit=memory_limit)


def demo(folder: str | Path | None = None, *, seed: int = 1, visitors: int | None = None) -> Shop:
    """Return a simulated shop whose truth is known, with everything recorded.

    Args:
        folder: where to keep it; a temporary folder, removed with the shop, unless given.
        seed: of the simulation.
        visitors: how many; the simulation's default unless given.
    """
    from counterclick.shop.demonstration import build  # noqa: PLC0415 - the simulation is needed here alone

    if folder is not None:
        return build(Path(folder), seed, visitors)
    place = Path(tempfile.mkdtemp(prefix="counterclick-demo-"))
    shop = build(place, seed, visitors)
    weakref.finalize(shop, shutil.rmtree, place, ignore_errors=True)
    return shop
