"""The ``shop.toml`` of a simulated shop."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from counterclick.simulate.surfaces import SurfaceTruth
from counterclick.simulate.truth import ShopTruth

__all__ = ["shop_toml"]


def shop_toml(truth: ShopTruth) -> str:
    """Return the text of the shop's ``shop.toml``: settings, surfaces and experiments."""
    head = (
        f"[shop]\ncurrency = {_text(truth.currency)}\ntimezone = {_text(truth.timezone)}\n",
        '[attribution]\nrule = "first_touch"\nwindow = "24h"\nhelpful_only = true\n',
    )
    surfaces = (_surface(s) for s in truth.surfaces)
    experiments = (_experiment(truth, s) for s in truth.surfaces)
    return "\n".join((*head, *surfaces, *experiments))


def _surface(surface: SurfaceTruth) -> str:
    lines = [
        f"[surfaces.{_key(surface.name)}]",
        f"celebrates = {_text(surface.celebrates)}",
        f"measured_on = {_text(surface.measured_on)}",
        f"tuned_on = {_text(surface.tuned_on)}",
        f"monthly_cost = {surface.monthly_cost}",
        f"claimed_by = [{_text(surface.claimed_by)}]" if surface.claimed_by else "",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _experiment(truth: ShopTruth, surface: SurfaceTruth) -> str:
    lines = [
        f"[experiments.{_key(surface.experiment)}]",
        f"surface = {_text(surface.name)}",
        f"control = {_text(surface.control)}",
        f"treatment = {_text(surface.treatment)}",
        f"variants = {_table(surface.shares)}",
        'outcome = "revenue_per_visitor"',
        'window = "7d"',
        f"guardrails = {_table(surface.guardrails)}" if surface.guardrails else "",
        f"starts_on = {truth.starts_on.isoformat()}",
        f"ends_on = {truth.ends_on.isoformat()}",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _table(numbers: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {number}" for name, number in numbers.items()) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
