"""What a surface is for, by what is declared and by what the log shows."""

from __future__ import annotations

from typing import Any

import pytest

from counterclick.audits.alignment import OUTSIDE, Aims, Alignment, alignment_audit, role_of
from counterclick.audits.following import Following
from counterclick.metrics import METRICS


def asked(follows: tuple[Following, ...] = (), **declared: Any) -> Alignment:
    usual: dict[str, Any] = dict.fromkeys(("celebrates", "measured_on", "tuned_on", "tested_on"))
    usual["outcomes"] = {}
    return alignment_audit([Aims("chat", **(usual | declared))], follows)


def says(found: Alignment) -> str:
    return " | ".join(f"{each.kind}: {each.says}" for each in found.surfaces[0].findings)


MONEY = {
    "celebrates": "net_revenue_per_visitor",
    "measured_on": "net_revenue_per_visitor",
    "tuned_on": "net_revenue_per_visitor",
}


def test_one_metric_throughout_is_aligned() -> None:
    """Celebrated, measured, tuned and tested on net revenue per visitor: nothing to say."""
    found = asked(**MONEY, outcomes={"x": "net_revenue_per_visitor"})
    assert (found.surfaces[0].state, found.surfaces[0].findings) == ("aligned", ())


def test_nothing_declared_asks_the_one_question() -> None:
    """Four answers are missing, and the first line is the question itself."""
    found = asked()
    assert found.surfaces[0].state == "not declared"
    assert [each.says.split(":")[0] for each in found.surfaces[0].findings][:3] == ["celebrates", "measured_on", "tuned_on"]
    assert "Which metric would make you celebrate if it doubled?" in says(found)
    assert "it is tested on nothing" in says(found)


@pytest.mark.parametrize("name", ["ctr", "click_rate", "open_rate", "conversations", "session_length"])
def test_what_is_tuned_on_a_proxy_is_misaligned(name: str) -> None:
    """Known metrics by their role, vendors' words by what they count: it becomes better at that, orders or not."""
    found = asked(**(MONEY | {"tuned_on": name}), outcomes={"x": "net_revenue_per_visitor"})
    assert found.surfaces[0].state == "misaligned"
    assert f"tuned_on: {name}" in says(found)
    assert "is a proxy: it is what it will become better at, orders or not" in says(found)


def test_celebrating_clicks_is_misaligned() -> None:
    """Clicks could double without one more order."""
    assert "clicks (clicks) is a proxy: it could double without one more order" in says(
        asked(**(MONEY | {"celebrates": "clicks"}))
    )


def test_related_outcomes_are_said_to_be_not_the_same() -> None:
    """Tuned on units per order, celebrated for net revenue: worth knowing, not misaligned."""
    found = asked(**(MONEY | {"tuned_on": "units_per_order"}), outcomes={"x": "revenue_per_visitor"})
    assert found.surfaces[0].state == "aligned"
    assert "it is tuned on units_per_order while net_revenue_per_visitor is celebrated" in says(found)
    assert "experiment x is decided on revenue_per_visitor while net_revenue_per_visitor is celebrated" in says(found)


def test_a_declared_test_that_contradicts_the_experiment_is_found() -> None:
    """shop.toml says that it is tested on conversion; its experiment is decided on revenue."""
    found = asked(**MONEY, tested_on="conversion", outcomes={"x": "revenue_per_visitor"})
    assert found.surfaces[0].state == "misaligned"
    assert "tested_on says conversion, and experiment x is decided on revenue_per_visitor" in says(found)


def test_a_word_that_nobody_knows_is_not_guessed_at() -> None:
    """Its role cannot be told, and that is said."""
    assert "'delight' is no metric that is known here" in says(asked(**(MONEY | {"tuned_on": "delight"})))


def test_the_log_finds_out_what_shop_toml_does_not_say() -> None:
    """Declared to be tuned on orders, its policy shows more of what was clicked: misaligned, with both correlations."""
    follows = Following("chat", "boosts", 120, 0.61, -0.05, 1e-9, 0.7)
    found = asked((follows,), **MONEY, outcomes={"x": "net_revenue_per_visitor"})
    assert found.surfaces[0].state == "misaligned"
    assert "policy boosts follows clicks: over 120 products" in says(found)
    assert "It is said to be tuned on net_revenue_per_visitor." in says(found)


def test_roles_are_those_of_the_metrics() -> None:
    """Every metric has its own role; vendors' words are proxies and shadow no metric."""
    assert {name: role_of(name) for name in METRICS} == {name: metric.role for name, metric in METRICS.items()}
    assert not set(OUTSIDE) & set(METRICS)
    assert role_of("opens") == "proxy"
