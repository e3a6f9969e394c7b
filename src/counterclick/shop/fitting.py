"""Fitting: what is due learns from the store's carts, orders and returns, and is kept as a model beside the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ibis import _

from counterclick.config import NOTHING, REPLENISH, Config, Rules, varied
from counterclick.decisions import Bestsellers, Bundles, Learnt, Policy, Ranking, Returns
from counterclick.decisions.replenishment import Replenishment
from counterclick.display import Grid, Shown
from counterclick.errors import RefusedError, StoreError, UnknownNameError
from counterclick.facts import Outcomes
from counterclick.facts.rows import one_row
from counterclick.shop.backtesting import backtest_of
from counterclick.shop.decided import policies_of, policy_of
from counterclick.shop.learnt import replenishment_of
from counterclick.shop.models import metrics_of, orders_of, refusal, settings_digest, tables_digest
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress
from counterclick.store import Store
from counterclick.store.models import MODELS, Manifest, Models, NewManifest

__all__ = ["FitReport", "Fitted", "Training", "due_at", "fit", "forms", "named", "taught", "trainings"]

Past = Callable[[datetime], Reading]
"""Returns the store as it stood before a moment."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Training:
    """Something that can be fitted.

    Attributes:
        form: of what it learns.
        settings: digest of the settings that it is made with.
        learn: returns what it learns from a store's carts, orders and returns, now or as they stood at a moment, as numbers
            and texts, and what it says of it.
        of_people: whether that holds anything of single customers or visitors: then it is erased with them.
    """

    form: int
    settings: str
    learn: Callable[[Outcomes, Past], tuple[Mapping[str, Any], Learnt]]
    of_people: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit did with one model.

    Attributes:
        model: what the newest version says of itself.
        is_new: whether it was fitted now; else nothing has changed since it was.
    """

    model: Manifest
    is_new: bool


@dataclass(frozen=True, slots=True)
class FitReport(Shown):
    """What a fit did.

    Attributes:
        fitted: by model.
    """

    fitted: tuple[Fitted, ...]

    def grids(self) -> list[Grid]:
        """Return what was fitted, from which orders, and what is missing."""
        rows = [
            (
                each.model.name,
                f"{each.model.version}",
                "fitted" if each.is_new else "nothing new",
                orders_of(each.model),
                metrics_of(each.model),
            )
            for each in self.fitted
        ]
        notes = [f"{each.model.name}: {missing}." for each in self.fitted for missing in each.model.missing]
        return [Grid("Fitted", ("model", "version", "", "orders", "knows"), rows, notes, left=5)]


def trainings(config: Config, rules: Rules) -> dict[str, Training]:
    """Return name -> what can be fitted: every policy that learns anything, and what customers buy again."""
    of_policies = {name: _of_policy(name, config, rules) for name in policies_of(config) if name != NOTHING}
    return {**of_policies, REPLENISH: _of_customers(config)}


def forms(config: Config) -> dict[str, int]:
    """Return name -> the form of what it learns."""
    return {name: training.form for name, training in trainings(config, Rules()).items()}


def due_at(store: Store, config: Config, now: datetime) -> datetime:
    """Return from when on the arms of a shop want to be fitted anew, where new events have come.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        now: UTC; returned where an arm has no model that may serve.
    """
    newest, known = Models(store.folder / MODELS).newest(), forms(config)
    names = named(config)
    if any(name not in newest or refusal(newest[name], known[name], config, now) for name in names):
        return now
    return min(newest[name].fitted_at for name in names) + timedelta(hours=config.models.fit_hours)


def named(config: Config) -> tuple[str, ...]:
    """Return what is to be fitted for the arms of the experiments: their policies, and the static rule; often none."""
    arms = {arm for experiment in config.experiments.values() for arm in (*experiment.variants, experiment.control)}
    own = [name for name in policies_of(config) if name in arms and name != NOTHING]
    static = [Bestsellers.name] if own else []
    return tuple(dict.fromkeys([*static, *own, *([REPLENISH] if REPLENISH in arms else [])]))


def _of_policy(variant: str, config: Config, rules: Rules) -> Training:
    name, config, rules = varied(variant, config, rules)

    def learn(outcomes: Outcomes, past: Past) -> tuple[Mapping[str, Any], Learnt]:
        policy = taught(name, config, rules, outcomes, past)
        return policy.to_plain(), policy.learnt()

    made = policy_of(name, config, rules)
    return Training(made.form, settings_digest(*_settings_of(name, config, rules)), learn, made.of_people)


def taught(name: str, config: Config, rules: Rules, outcomes: Outcomes, past: Past) -> Policy:
    """Return a policy that has learnt, as `fit` lets it: bundles serve where the backtest says so.

    Args:
        name: of the policy.
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` declares.
        outcomes: that it learns from.
        past: returns the store as it stood before a moment.
    """
    policy = policy_of(name, config, rules)
    policy.fit(outcomes)
    if isinstance(policy, Bundles) and config.bundles.switch == "backtest":
        _switch(policy, outcomes, past, config, rules)
    return policy


def _of_customers(config: Config) -> Training:
    def learn(outcomes: Outcomes, _past: Past) -> tuple[Mapping[str, Any], Learnt]:
        found = replenishment_of(config)
        found.fit(outcomes)
        return found.to_plain(), found.learnt()

    gates = config.readiness
    own = (gates.prediction_customers, gates.prediction_days, gates.prediction_loyal, config.shop.timezone)
    return Training(Replenishment.form, settings_digest(config.replenishment, own), learn, Replenishment.of_people)


def _settings_of(name: str, config: Config, rules: Rules) -> tuple[object, ...]:
    """Return the settings that a policy learns with; bundles are tried beside the rules, and serve where they beat them."""
    gates = config.readiness
    if name == Returns.name:
        own = (gates.return_months, gates.return_orders, gates.returns, config.shop.margin_rate, config.shop.returns_window)
        return (config.returns, *own)
    if name == Ranking.name:
        return (config.ranking, config.shop.returns_window)
    return (config.bundles, gates.bundle_products, *((rules,) if name == Bundles.name else ()))


def _switch(policy: Bundles, outcomes: Outcomes, past: Past, config: Config, rules: Rules) -> None:
    """Let bundles serve where the store's own later orders say so."""
    try:
        found = backtest_of(outcomes, past, config, rules)
    except RefusedError as error:
        policy.switch({}, others=False, lacks=str(error).rstrip("."))
        return
    policy.switch({each.product: each.switches for each in found.triggers}, others=found.others_switch)


def fit(
    store: Store,
    config: Config,
    rules: Rules,
    reading: Callable[[], Reading],
    refresh: Callable[[], None],
    past: Past,
    progress: Progress,
    *,
    names: Collection[str] | None = None,
    anyway: bool = False,
    now: datetime | None = None,
) -> FitReport:
    """Fit what is due: what has no model that may serve, or one of other settings, or one that lacks the newest events.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` declares.
        reading: returns the present reading of the store.
        refresh: begins a new one.
        past: returns the store as it stood before a moment.
        progress: called with each step and the fraction done.
        names: of models; all unless given.
        anyway: also what is not due.
        now: UTC; the present moment unless given.

    Raises:
        UnknownNameError: there is no such model.
        EmptyStoreError: nothing is recorded.
        StoreError: events were erased again and again meanwhile, or a model could not be written.
    """
    known = trainings(config, rules)
    for name in names or ():
        if name not in known:
            raise UnknownNameError("model", name, known)
    wanted = {name: known[name] for name in known if names is None or name in names}
    for _attempt in range(_ATTEMPTS):
        found = _fit(store, config, wanted, reading, past, progress, now or datetime.now(UTC), anyway=anyway)
        if found is not None:
            return found
        refresh()
    raise StoreError("events were erased while models were fitted from them, again and again; fit once more.")


def _fit(
    store: Store,
    config: Config,
    wanted: Mapping[str, Training],
    reading: Callable[[], Reading],
    past: Past,
    progress: Progress,
    now: datetime,
    *,
    anyway: bool,
) -> FitReport | None:
    """Fit what is due; None where events were erased meanwhile, so that nothing learnt from them may be kept."""
    models = Models(store.folder / MODELS)
    erasures = models.erasures  # before anything is read
    known_at = reading().as_of()
    newest = models.newest()
    done = []
    outcomes = reading().facts.outcomes()
    ends = one_row(outcomes.order_lines.agg(first=_.ordered_at.min(), last=_.ordered_at.max()))
    for number, (name, training) in enumerate(wanted.items()):
        progress(name, number / len(wanted))
        before = newest.get(name)
        if before is not None and not anyway and not _is_due(before, training, known_at, config, now):
            done.append(Fitted(before, is_new=False))
            continue
        knows, learnt = training.learn(outcomes, past)
        first = ends["first"]
        if first is not None and learnt.days is not None:
            first = max(first, ends["last"] - timedelta(days=learnt.days))
        new = NewManifest(
            name=name,
            form=training.form,
            tables=tables_digest(),
            settings=training.settings,
            fitted_at=now,
            known_at=known_at,
            first_at=_utc(first),
            last_at=_utc(ends["last"]),
            metrics=dict(learnt.metrics),
            passed=learnt.passed,
            missing=learnt.missing,
            of_people=training.of_people,
        )
        with store.writing():
            if models.erasures != erasures:
                return None
            done.append(Fitted(models.write(new, knows, kept=config.models.kept), is_new=True))
    progress("done", 1.0)
    return FitReport(tuple(done))


def _is_due(model: Manifest, training: Training, known_at: datetime, config: Config, now: datetime) -> bool:
    if refusal(model, training.form, config, now) or model.settings != training.settings:
        return True
    is_half_over = now - model.fitted_at > timedelta(days=config.models.oldest_days) / 2
    return model.known_at != known_at or is_half_over


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
