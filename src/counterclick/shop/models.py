"""The models of a store: which there are, which of them may serve, and why another may not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import msgspec

from counterclick.config import Config
from counterclick.display import Grid, Shown, count
from counterclick.events.schema import SCHEMA
from counterclick.facts.tables import OUTCOMES_FORM
from counterclick.store import Store
from counterclick.store.models import MODELS, Manifest, Models

__all__ = [
    "ModelList",
    "ModelState",
    "metrics_of",
    "models_of",
    "orders_of",
    "refusal",
    "settings_digest",
    "tables_digest",
]

_SHOWN = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class ModelState:
    """One version of a model.

    Attributes:
        model: what it says of itself.
        serves: whether it is the one that serves.
        because: why not; empty where it does.
    """

    model: Manifest
    serves: bool
    because: str


@dataclass(frozen=True, slots=True)
class ModelList(Shown):
    """The models of a store.

    Attributes:
        models: by name, the newest version first.
        unfitted: names of policies of which there is none.
    """

    models: tuple[ModelState, ...]
    unfitted: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return which serve, and what the newest of each says of itself."""
        rows = [
            (
                each.model.name,
                f"{each.model.version}",
                "-" if each.model.is_damaged else f"{each.model.fitted_at:{_SHOWN}}",
                orders_of(each.model),
                "yes" if each.serves else f"no: {each.because}",
            )
            for each in self.models
        ]
        notes = []
        if self.unfitted:
            notes.append(f"Not fitted yet: {', '.join(self.unfitted)}. `counterclick fit` fits what is due.")
        title = "Models" if rows else "No models"
        grid = Grid(title, ("model", "version", "fitted (UTC)", "orders", "serves") if rows else (), rows, notes, left=5)
        told = [
            (each.model.name, metrics_of(each.model), "; ".join([*each.model.passed, *_lacking(each.model)]))
            for each in self.models
            if each.serves
        ]
        heads = ("model", "knows", "gates")
        return [grid, Grid("What those that serve know", heads, told, left=3)] if told else [grid]


def orders_of(model: Manifest) -> str:
    """Return the days of the orders that a model was learnt from."""
    if model.first_at is None or model.last_at is None:
        return "-"
    return f"{model.first_at:%Y-%m-%d} to {model.last_at:%Y-%m-%d}"


def metrics_of(model: Manifest) -> str:
    """Return what a model knows, in numbers."""
    return ", ".join(f"{count(value)} {name.replace('_', ' ')}" for name, value in model.metrics.items()) or "-"


def _lacking(model: Manifest) -> list[str]:
    return [f"missing: {each}" for each in model.missing]


@cache
def tables_digest() -> str:
    """Return a digest of the schemas that is there to learn under: of events, and of carts, orders and returns."""
    return hashlib.sha256(f"{SCHEMA} {OUTCOMES_FORM}".encode()).hexdigest()[:16]


def settings_digest(*settings: object) -> str:
    """Return a digest of settings."""
    return hashlib.sha256(b"\n".join(msgspec.json.encode(each, order="sorted") for each in settings)).hexdigest()[:16]


def refusal(model: Manifest, form: int, config: Config, now: datetime) -> str:
    """Return why a model may not serve now; empty where it may.

    Args:
        model: what it says of itself.
        form: that is known.
        config: what ``shop.toml`` declares.
        now: UTC.
    """
    named = f"model {model.version} of {model.name}"
    if model.is_damaged:
        return f"{named} is damaged"
    if model.tables != tables_digest() or model.form != form:
        return f"{named} was fitted before a change of what is recorded or learnt"
    limit = config.models.oldest_days
    if now - model.fitted_at > timedelta(days=limit):
        days = (now - model.fitted_at) / timedelta(days=1)
        return f"{named} is {days:,.0f} days old, more than {limit:g}"
    return ""


def models_of(store: Store, forms: Mapping[str, int], config: Config, now: datetime) -> ModelList:
    """Return the models of a store, and which of them serve.

    Args:
        store: of the shop.
        forms: name -> form that is known; one that is not among them is nobody's.
        config: what ``shop.toml`` declares.
        now: UTC.
    """
    kept = Models(store.folder / MODELS)
    newest = {name: model.version for name, model in kept.newest().items()}
    found = []
    for model in kept.all():
        if model.name not in forms:
            because = "nothing of this name is known"
        elif model.version < newest[model.name]:
            because = "there is a newer one"
        else:
            because = refusal(model, forms[model.name], config, now)
        found.append(ModelState(model, not because, because))
    return ModelList(tuple(found), tuple(name for name in forms if name not in newest))
