"""Experiments as ``shop.toml`` declares and the log knows them: declarations, looks, and what each is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType

from counterclick.attribution import Rule
from counterclick.config import HOLDOUT, NOTHING, Config, ExperimentConfig, duration
from counterclick.errors import ConfigError, CounterclickError, EmptyStoreError, UnknownNameError
from counterclick.experiments import Context, Experiment, Plan, Plans, config_hash, expected_buyers
from counterclick.experiments.holdout import GlobalHoldout, global_holdout
from counterclick.metrics import METRICS, metric_named
from counterclick.shop.declaring import declaration, declarations, look_event, looks_taken, undeclared
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, record_bodies
from counterclick.store import Store
from counterclick.verdicts import Look, Verdict

__all__ = ["Registry", "verdict_of"]

_PROPOSED = timedelta(weeks=8)


class Registry:
    """The experiments of a shop.

    Args:
        config: what ``shop.toml`` declares.
        store: where declarations and looks are kept.
        rule: of attribution.
        reading: returns the present reading of the store.
        refresh: begins a new one.
        until: of a reading that ends at this moment: nothing is written to the log then, and looks are taken there; None
            where experiments are declared and looks are kept.

    Raises:
        ConfigError: an experiment's outcome cannot decide, or a guardrail is no metric.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        rule: Rule,
        reading: Callable[[], Reading],
        refresh: Callable[[], None],
        until: datetime | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._rule = rule
        self._reading = reading
        self._refresh = refresh
        self._until = until
        self._declared: set[str] = set()
        self._taken: dict[str, list[Look]] = {}
        for name, settings in config.experiments.items():
            _check_metrics(name, settings)
        if config.holdout is not None:
            _check_metrics(HOLDOUT, config.holdout.as_experiment())

    def experiment(self, name: str) -> Experiment:
        """Return an experiment; what it declares is written to the log when it is first asked for.

        Raises:
            UnknownNameError: ``shop.toml`` declares none of that name.
            EmptyStoreError: nothing is recorded.
        """
        config = self._config.experiment(name)
        self._reading().as_of()
        self.declare(name)
        return Experiment(name, config, self._context(name))

    def experiments(self) -> dict[str, Experiment]:
        """Return every declared experiment.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        self._reading().as_of()
        self.declare(*self._config.experiments)
        return {name: self.experiment(name) for name in self._config.experiments}

    def plans(self, lift: float) -> Plans:
        """Return the plan of every declared experiment, or the reason why there is none.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        self._reading().as_of()
        found: dict[str, Plan | str] = {}
        for name in self._config.experiments:
            try:
                found[name] = self.experiment(name).plan(lift)
            except CounterclickError as error:
                found[name] = str(error)
        return Plans(found)

    def to_calibrate(self, name: str | None) -> Experiment:
        """Return an experiment, without a name the only one.

        Raises:
            UnknownNameError: there is no such experiment.
            ConfigError: several are declared, or none, and none is named.
            EmptyStoreError: nothing is recorded.
        """
        known = list(self._config.experiments)
        if name is None and len(known) != 1:
            listed = ", ".join(known) or "none is declared yet"
            raise ConfigError(f"name the experiment whose surface, outcome and window are to be calibrated: {listed}.")
        return self.experiment(name or known[0])

    def holdout(self, progress: Progress) -> GlobalHoldout:
        """Return the verdict on all surfaces together, with those of the features beside it.

        Raises:
            ConfigError: ``shop.toml`` declares no holdout.
            EmptyStoreError: nothing is recorded, or no held-out visitor has finished its window.
        """
        if self._config.holdout is None:
            raise ConfigError(
                "no global holdout is declared. Write [holdout] with share = 0.1, starts_on and ends_on into shop.toml: a "
                "tenth of visitors then gets no AI surface, and the rest shows what all of them are worth."
            )
        whole = self.experiment(HOLDOUT).verdict()
        features: dict[str, Verdict | str] = {}
        every = {name: self.experiment(name) for name in self._config.experiments}
        for number, (name, experiment) in enumerate(every.items()):
            progress(f"experiment {name}", number / len(every))
            features[name] = verdict_of(experiment)
        return global_holdout(whole, features)

    def seen(self, known: Mapping[str, Experiment] = MappingProxyType({})) -> dict[str, Experiment]:
        """Return every declared experiment, and the holdout over all of them, to be looked at: nothing is written.

        Args:
            known: experiments that are there already.
        """
        configs = dict(self._config.experiments)
        if self._config.holdout is not None:
            configs[HOLDOUT] = self._config.holdout.as_experiment()
        return {
            name: known[name] if name in known else Experiment(name, config, self._context(name))
            for name, config in configs.items()
        }

    def proposed(self, surface: str, metric: str = "revenue_per_visitor") -> Experiment:
        """Return an experiment that nobody has declared: the surface against nothing, half and half, for eight weeks.

        It is there to be planned; nothing of it is written to the log.

        Args:
            surface: which.
            metric: the outcome.
        """
        first = self._reading().as_of().date() + timedelta(days=1)
        feature = surface if surface != NOTHING else "feature"
        config = ExperimentConfig(
            surface=surface,
            control=NOTHING,
            variants={NOTHING: 0.5, feature: 0.5},
            starts_on=first,
            ends_on=first + _PROPOSED - timedelta(days=1),
            outcome=metric,
        )
        return Experiment(f"{surface} against nothing", config, self._context_of(f"{surface} against nothing", config))

    def declare(self, *names: str) -> None:
        """Write what the experiments declare to the log, where it does not stand there yet."""
        if self._until is not None:
            return
        unknown = tuple(name for name in names if name not in self._declared)
        missing = undeclared(self._reading(), self._config, unknown) if unknown else []
        now = datetime.now(UTC)
        events = [declaration(name, self._config, now, self._expected_buyers(name)) for name in missing]
        known_now = {
            name: self._expected_buyers(name) for name in unknown if name not in missing and self._is_unplanned(name)
        }
        events += [declaration(name, self._config, now, n, again=True) for name, n in known_now.items() if n is not None]
        if events:
            record_bodies(self._store, self._config, events, source="shop.toml")
            self._refresh()
        self._declared.update(names)

    def _is_unplanned(self, name: str) -> bool:
        """Say whether an experiment was declared before its history was recorded, and no look was taken since."""
        config = self._config.experiment(name)
        wanted = config_hash(name, config)
        own = [found for found in declarations(self._reading(), name) if found.config_hash == wanted]
        planned = config.planned_buyers is not None or any(found.planned_buyers is not None for found in own)
        return config.looks == "weekly" and not planned and not self._looks(name, wanted)

    def _expected_buyers(self, name: str) -> float | None:
        config = self._config.experiment(name)
        try:
            return None if config.looks == "end" else expected_buyers(name, config, self._context(name))
        except EmptyStoreError:  # a decision may be asked for before anything is recorded
            return None

    def _remember(self, name: str, looks: Sequence[Look]) -> None:
        """Keep new looks in the log; what this reading has computed stays, since they are no facts."""
        if self._until is not None:
            return
        wanted = config_hash(name, self._config.experiment(name))
        record_bodies(self._store, self._config, [look_event(name, wanted, look) for look in looks], source="look")
        self._taken.setdefault(wanted, []).extend(looks)

    def _looks(self, name: str, wanted: str) -> tuple[Look, ...]:
        """Return the looks taken so far: those that this reading knows, and those that were taken since it began."""
        known = {look.number: look for look in (*self._taken.get(wanted, ()), *looks_taken(self._reading(), name, wanted))}
        return tuple(known[number] for number in sorted(known))

    def _all_costs(self, costs: Mapping[str, float | None]) -> float | None:
        """Return what all surfaces cost a month; None where that of one is not declared."""
        every = {*costs, *(settings.surface for settings in self._config.experiments.values())}
        known = [each for each in (costs.get(surface) for surface in every) if each is not None]
        return sum(known) if known and len(known) == len(every) else None

    def _context(self, name: str) -> Context:
        """Return what an experiment is told."""
        return self._context_of(name, self._config.experiment(name))

    def _context_of(self, name: str, config: ExperimentConfig) -> Context:
        as_of = self._reading().as_of()
        costs = {surface: declared.monthly_cost for surface, declared in self._config.surfaces.items()}
        cost = costs.get(config.surface)
        if name == HOLDOUT:
            cost = self._all_costs(costs)
        return Context(
            facts=self._reading().facts,
            as_of=as_of,
            rule=self._rule,
            currency=self._config.shop.currency,
            timezone=self._config.shop.timezone,
            allowance=duration(self._config.shop.allowance),
            returns_window=duration(self._config.shop.returns_window),
            monthly_cost=cost,
            margin_rate=self._config.shop.margin_rate,
            declarations=declarations(self._reading(), name),
            looks=self._looks(name, config_hash(name, config)),
            remember=partial(self._remember, name),
            now=self._until,
            kill=self._config.kill,
        )


def verdict_of(experiment: Experiment) -> Verdict | str:
    """Return an experiment's verdict, or the reason why there is none."""
    try:
        return experiment.verdict()
    except CounterclickError as error:
        return str(error)


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
