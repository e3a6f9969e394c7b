"""The boost list of a shop: what the ranker learns, with clicks laid beside it that it never sees."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import numpy as np
from ibis import _
from scipy.special import gammaincinv

from counterclick.audits.boosts import Boost, Boosts
from counterclick.audits.served import Served
from counterclick.config import Config, RankingConfig, duration
from counterclick.decisions.earning import Earned, Numbers, earned
from counterclick.decisions.ranking import Ranking, missing_of, uncorrected
from counterclick.decisions.shelves import Shelves, shelves_of
from counterclick.display import as_json, plain
from counterclick.errors import InputError
from counterclick.facts import Facts
from counterclick.facts.rows import all_rows
from counterclick.shop.models import ModelState

__all__ = ["boosts_of", "checked_file", "write_boosts"]

_LEVEL = 0.025
"""Chance of either side that an interval leaves out."""


def boosts_of(facts: Facts, config: Config, served: Served, states: tuple[ModelState, ...]) -> Boosts:
    """Return what products earn each time they are shown, as far as is recorded now.

    Args:
        facts: of the shop.
        config: what ``shop.toml`` declares.
        served: what the arm showed.
        states: of the store's models.
    """
    limits = config.ranking
    shelves = shelves_of(facts.outcomes(), limits, duration(config.shop.returns_window))
    found = earned(shelves.shown, len(shelves.products), floor=limits.floor, seen=shelves.seen)
    missing = missing_of(shelves, found, limits)
    clicks = _clicks(facts, shelves, limits)
    titles = {row["product_id"]: row["title"] for row in all_rows(facts.products.select("product_id", "title"))}
    boosts = _boosts(shelves, found, clicks, titles, config, is_told=not missing)
    state = next((each for each in states if each.model.name == Ranking.name), None)
    unfitted = "no model of ranking has been fitted: `counterclick fit` fits it"
    return Boosts(
        currency=config.shop.currency,
        served=served,
        boosts=boosts,
        missing=missing,
        uncorrected=uncorrected(shelves, limits),
        seen=() if shelves.seen is None else tuple(shelves.seen.tolist()),
        serves=unfitted if state is None else state.because,
        mean=found.mean,
        first_at=shelves.first_at,
        last_at=shelves.last_at,
    )


def _clicks(facts: Facts, shelves: Shelves, limits: RankingConfig) -> Numbers:
    """Return how often each product was clicked in the lists that count: for display alone."""
    if shelves.first_at is None or shelves.last_at is None:
        return np.zeros(len(shelves.products))
    clicked = facts.interactions.filter((_.kind == "select_item") & _.product_id.notnull())
    until = shelves.last_at + timedelta(hours=limits.window_hours)
    clicked = clicked.filter((_.occurred_at >= shelves.first_at) & (_.occurred_at <= until))
    if limits.surfaces:
        clicked = clicked.filter(_.surface.isin(limits.surfaces))
    told = {row["product_id"]: row["n"] for row in all_rows(clicked.group_by("product_id").agg(n=_.count()))}
    return np.array([told.get(product, 0) for product in shelves.products], np.float64)


def _boosts(
    shelves: Shelves,
    found: Earned,
    clicks: Numbers,
    titles: Mapping[str, str | None],
    config: Config,
    *,
    is_told: bool,
) -> tuple[Boost, ...]:
    limits = config.ranking
    seen = found.times
    clicked, bought = _beside(clicks, seen), _beside(found.successes, seen)
    misleads = found.is_told & (clicked[0] >= limits.much_clicked) & (clicked[1] > 1) & (bought[2] < 1)
    times = found.score / found.mean if found.mean else np.ones_like(found.score)
    factor = np.clip(times, 1 / limits.boost_most, limits.boost_most) if is_told else np.ones_like(times)
    expected = seen * (found.successes.sum() / seen.sum() if seen.sum() else 0.0)
    shown = np.bincount(shelves.shown.product, shelves.shown.times, len(seen))
    ranked = np.lexsort((-shown, np.where(found.is_told, -found.score, 0.0), ~found.is_told))
    boosts = []
    for n in ranked.tolist():
        says = _says(found, n, float(expected[n]), float(times[n]), limits.floor)
        if misleads[n]:
            says = f"{says}; clicked {clicked[0][n]:.1f} times as often as it should, bought {bought[0][n]:.1f} times"
        product = shelves.products[n]
        boosts.append(
            Boost(
                product_id=product,
                title=titles.get(product),
                factor=float(factor[n]) if found.is_told[n] else 1.0,
                because=says,
                n_shown=int(shown[n]),
                n_seen=float(seen[n]),
                n_orders=int(shelves.orders[n]),
                n_units=int(shelves.units[n]),
                n_settled=int(shelves.settled[n]),
                n_returned=float(shelves.returned[n]),
                net_value=float(found.score[n]),
                low=float(found.low[n]),
                high=float(found.high[n]),
                order_value=float(found.worth[n]),
                margin=None if np.isnan(shelves.margin[n]) else float(shelves.margin[n]),
                n_clicks=int(clicks[n]),
                clicked=float(clicked[0][n]) if clicks.sum() else None,
                bought=float(bought[0][n]) if found.successes.sum() else None,
                is_told=bool(found.is_told[n]),
                misleads=bool(misleads[n]),
            )
        )
    return tuple(boosts)


def _says(found: Earned, n: int, expected: float, times: float, floor: float) -> str:
    """Return why a product has its place in the list."""
    if not found.is_told[n]:
        says = f"shown {found.times[n]:,.0f} times, in which the mean product has {expected:,.1f} orders"
        return f"{says}: {floor:g} are needed to tell it from the mean"
    says = (
        f"earns {times:.2f} times the mean: {found.successes[n]:,.0f} orders kept where the mean product has {expected:,.0f}"
    )
    return f"{says}; may be chance" if found.low[n] <= found.mean <= found.high[n] else says


def _beside(counts: Numbers, seen: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return counts over those that the mean would have, as often seen, with exact 95 % intervals (Garwood 1936)."""
    whole = seen.sum()
    expected = seen * (counts.sum() / whole if whole else 0.0)
    over = np.divide(1, expected, out=np.zeros_like(expected), where=expected > 0)
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1e-9), _LEVEL), 0.0)
    return counts * over, low * over, gammaincinv(counts + 1, 1 - _LEVEL) * over


def checked_file(path: Path) -> Path:
    """Return the file that a boost list is to be written into, once it is sure that it can be.

    Raises:
        InputError: it is neither .csv nor .json, or cannot be written.
    """
    if path.suffix.lower() not in (".csv", ".json"):
        raise InputError(f"{path} cannot be written: a boost list is written as .csv or .json.")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: it is a folder, or lies in none that is there.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: no permission.")
    return path


def write_boosts(found: Boosts, path: Path) -> None:
    """Write a boost list: as CSV a row for each product, as JSON all that is known.

    A program reads it: ids stand there as the shop has them, also those that a spreadsheet would take for a formula.

    Raises:
        InputError: the name ends neither in .csv nor in .json, or the file cannot be written.
    """
    checked_file(path)
    names = [field.name for field in fields(Boost)]
    try:
        if path.suffix.lower() == ".json":
            path.write_text(as_json(found), encoding="utf-8")
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([plain(getattr(each, name)) for name in names] for each in found.boosts)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
