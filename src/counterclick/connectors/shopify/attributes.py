"""What the shop's pages wrote into a cart: who the visitor is, its arms, and what offered a line.

Cart attributes and line-item properties travel with the cart into the order, so that they outlive a lost cookie. A buyer can
write them, too: they are read by name, and their values must look like ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.reading import UnfitError, digest, objects, when
from counterclick.events.rejection import Reason

__all__ = ["ARM", "DECISION", "SURFACE", "VISITOR", "add_exposures", "line_offer", "pairs", "visitor_of"]

VISITOR = "_cc_visitor"
"""Cart attribute: the visitor."""
ARM = "_cc_arm_"
"""Cart attribute, followed by the experiment: ``variant@2026-03-02T09:30:00Z``."""
SURFACE = "_cc_surface"
"""Line-item property: the surface that offered the line."""
DECISION = "_cc_decision"
"""Line-item property: the decision that offered it."""

_ID = re.compile(r"[\w.:~|/+=-]{1,200}")
"""What an id looks like; an e-mail address does not."""


def pairs(given: Any, what: str) -> dict[str, Any]:
    """Return names and values, however Shopify writes them: ``[{name, value}]``, ``[{key, value}]`` or one object.

    Raises:
        UnfitError: it is something else.
    """
    if isinstance(given, dict):
        return dict(given)
    found: dict[str, Any] = {}
    for pair in objects(given, what):
        name = pair.get("name", pair.get("key"))
        if isinstance(name, str):
            found.setdefault(name, pair.get("value"))
    return found


def visitor_of(attributes: Mapping[str, Any]) -> str | None:
    """Return the visitor that a cart names, or None.

    Raises:
        UnfitError: it names one by something that is no id.
    """
    return _named(attributes, VISITOR)


def line_offer(properties: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the surface and the decision that offered a line.

    Raises:
        UnfitError: one of them is no id.
    """
    return {"surface": _named(properties, SURFACE), "decision_id": _named(properties, DECISION)}


def add_exposures(attributes: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """Take an exposure from each arm that a cart names; the same arm of a later order is the same event."""
    for name in attributes:
        if name.startswith(ARM) and name.removeprefix(ARM) in context.by_decision:
            parts.skip("arm_that_only_a_decision_gives")
        elif name.startswith(ARM):
            with parts.part():
                parts.add(_exposure(name, attributes))


def _exposure(name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    visitor = visitor_of(attributes)
    if visitor is None:
        raise UnfitError(Reason.MISSING_FIELD, f"the cart attribute {ARM}EXPERIMENT needs {VISITOR} beside it")
    said = attributes[name]
    variant, _, at = said.rpartition("@") if isinstance(said, str) else ("", "", "")
    experiment = name.removeprefix(ARM)
    if not _ID.fullmatch(variant) or not _ID.fullmatch(experiment):
        raise UnfitError(Reason.WRONG_TYPE, f"the cart attribute {ARM}EXPERIMENT must be variant@2026-03-02T09:30:00Z")
    seen_at = when(at, f"the cart attribute {ARM}EXPERIMENT")
    return {
        "kind": "exposure",
        "event_id": f"shopify_arm_{digest(visitor, experiment, variant, seen_at)}",
        "occurred_at": seen_at,
        "visitor_id": visitor,
        "experiment": experiment,
        "variant": variant,
    }


def _named(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnfitError(Reason.WRONG_TYPE, f"{name} must be an id of letters, digits and .:~|/+=_- without spaces")
    return value
