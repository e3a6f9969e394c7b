"""A shop whose facts lie in PostgreSQL under foreign names says what the same shop says of its own log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from counterclick.display import plain
from counterclick.errors import RefusedError
from counterclick.facts.rows import all_rows
from counterclick.metrics import METRICS
from counterclick.shop import Shop
from foreign_shop import Foreign, differing

pytestmark = pytest.mark.postgres
FACTS = (
    "identities", "order_lines", "returns", "orders", "line_returns", "cart_moves", "carts", "placements", "kept_lines",
    "drawn_placements", "products", "visitors", "sessions", "visits", "interactions", "impressions", "shown_products",
    "tool_claims",
)  # fmt: skip
_OWN = ("taken_at",)
"""When something was worked out, and not what."""
VERBS: dict[str, Callable[[Shop], Any]] = {
    "audit": lambda shop: shop.audit(),
    "bundles": lambda shop: shop.bundles(),
    "calibrate": lambda shop: shop.calibrate("chat", draws=20),
    "overview": lambda shop: shop.overview(),
    "plans": lambda shop: shop.plans(),
    "readiness": lambda shop: shop.readiness(),
    "replenishment": lambda shop: shop.replenishment(),
    "results": lambda shop: [shop.experiment(name).result() for name in shop.config.experiments],
    "returns": lambda shop: shop.returns(),
    "rows": lambda shop: shop.rows("revenue"),
    "served": lambda shop: shop.served(),
    "verdicts": lambda shop: [shop.experiment(name).verdict() for name in shop.config.experiments],
}


def rows(table: Any) -> list[dict[str, Any]]:
    """Return rows in an order that both engines have: by all that is no fraction."""
    found = [
        {name: str(value) if not isinstance(value, float) else value for name, value in row.items()}
        for row in all_rows(table)
    ]
    return sorted(found, key=lambda row: [value for value in row.values() if not isinstance(value, float)])


def timeless(value: Any) -> Any:
    """Return a plain value without the moments at which it was worked out, and without what the log itself keeps."""
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in _OWN}
    return [timeless(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_the_same(both: Foreign, name: str) -> None:
    """Row by row."""
    own, mapped = (rows(getattr(shop.facts, name)) for shop in (both.own, both.mapped))
    assert differing(own, mapped) == []
    assert own or name == "drawn_placements"


def test_exposures_and_moments_are_the_same(both: Foreign) -> None:
    """Of every experiment: who was eligible, and the sums and cross products of all metrics by arm and day."""
    for name in both.own.config.experiments:
        own, mapped = (rows(shop.facts.exposures(name)) for shop in (both.own, both.mapped))
        assert own
        assert differing(own, mapped) == []
        ours, theirs = (shop.experiment(name).measured().by_day for shop in (both.own, both.mapped))
        assert [*ours] == [*theirs]
        for key, moments in ours.items():
            other = theirs[key]
            assert (moments.n, moments.names) == (other.n, other.names)
            assert differing([moments.mean.tolist(), moments.m2.tolist()], [other.mean.tolist(), other.m2.tolist()]) == []


@pytest.mark.parametrize("by", [None, "week", "surface"])
def test_metrics_are_the_same(both: Foreign, by: Any) -> None:
    """All of them, of the whole shop, by week and by surface."""
    for name in METRICS:
        own, mapped = (plain(shop.metric(name, by=by)) for shop in (both.own, both.mapped))
        assert differing(own, mapped, name) == []


@pytest.mark.parametrize("name", VERBS)
def test_verbs_say_the_same(both: Foreign, name: str) -> None:
    """To 1e-9 of every number; declarations are the log's own and are counted there alone."""
    own, mapped = (timeless(plain(VERBS[name](shop))) for shop in (both.own, both.mapped))
    if name == "audit":
        for found in (own, mapped):
            found["health"]["events"].pop("experiment_declared", None)
            found["health"]["volumes"] = [one for one in found["health"]["volumes"] if one["kind"] != "experiment_declared"]
    assert differing(own, mapped) == []


def test_the_facts_are_clean_there(both: Foreign) -> None:
    """And as many as in the log."""
    own, mapped = both.own.facts_check(), both.mapped.facts_check()
    assert mapped.breaches == own.breaches == ()
    assert [(one.name, one.n) for one in mapped.facts] == [(one.name, one.n) for one in own.facts]
    assert (mapped.engine, mapped.facts[0].source) == ("postgres", 'lager."T orders"')


def test_what_only_a_log_can_say_is_refused(both: Foreign) -> None:
    """Rather than said of an empty one."""
    with pytest.raises(RefusedError, match="whose facts lie in a warehouse"):
        both.mapped.verify_holdout("chat")
