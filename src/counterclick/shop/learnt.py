"""What was learned of customers who buy again, as it was last fitted."""

from __future__ import annotations

from datetime import datetime

from counterclick.config import REPLENISH, Config
from counterclick.decisions.replenishment import Replenishment
from counterclick.errors import StoreError
from counterclick.shop.models import refusal
from counterclick.store import Store
from counterclick.store.models import MODELS, Models

__all__ = ["replenishment_of", "taken_up"]


def replenishment_of(config: Config) -> Replenishment:
    """Return what learns it, before it has."""
    return Replenishment(config.replenishment, config.readiness, config.shop.timezone)


def taken_up(store: Store, config: Config, now: datetime) -> Replenishment | str:
    """Return what the newest model knows; where it may not serve, why not, and an empty text where there is none.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        now: UTC.
    """
    models = Models(store.folder / MODELS)
    newest = models.newest().get(REPLENISH)
    if newest is None:
        return ""
    found = replenishment_of(config)
    refused = refusal(newest, found.form, config, now)
    if refused:
        return refused
    try:
        found.from_plain(models.read(newest))
    except (StoreError, LookupError, ValueError, TypeError):
        return f"model {newest.version} of {REPLENISH} is damaged"
    return found
