"""Replayed decisions: what is logged of them, what another policy makes of them, and what they are expected to earn."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pytest
from ibis import _

from builders import Event, facts, later, purchase, refund
from counterclick.config import BundlesConfig, Rules
from counterclick.decisions import Ask, Bestsellers, Bundles
from counterclick.decisions.replaying import Made, made_of, replayed
from counterclick.decisions.rewards import foreseen
from counterclick.shop.decided import ask_of, decided
from counterclick.shop.deciding import Assigned
from tuned_shop import BEST, CART, DECIDED, PARTNERS, history, setting

FOUND = Assigned("bundles", "", "cart", "bundles", 0.5, ())
DAY = timedelta(hours=24)


def bundles(rules: Rules | None = None, **limits: float) -> Bundles:
    own = {"explore": 0.5, "explore_among": 8, "switch": "always"} | limits
    policy = Bundles(msgspec.convert(own, BundlesConfig), 2, rules)
    policy.fit(facts(*history()).outcomes())
    return policy


def decision(visitor: str, policy: Bundles, at: str = DECIDED, **changed: object) -> Event:
    """Return the event of a decision as the shop records it."""
    made = decided(FOUND, ask_of("cart", visitor, CART, 2), policy, setting(), f"d_{visitor}").made[0]
    told = {name: value for name, value in msgspec.to_builtins(made).items() if value is not None}
    return {**told, "occurred_at": f"{at}:00Z", **changed}


def made(*events: Event) -> tuple[list[Made], int]:
    told = facts(*events)
    return made_of(told.events.filter(_.kind == "decision"), told.outcomes(), DAY)


def test_a_decision_tells_what_was_asked_and_what_was_drawn_from() -> None:
    """The cart, how many offers were wanted, the candidates, best first, and how often chance chooses from them."""
    told = json.loads(decision("v1", bundles())["details"])
    assert (told["cart"], told["most"], told["candidates"], told["explore"]) == (["hat"], 2, list(PARTNERS), 0.5)
    alone = decided(replace(FOUND, policy="bestsellers"), ask_of("cart", "v", CART, 2), Bestsellers(), setting()).made[0]
    assert "candidates" not in json.loads(alone.details or "")


def test_what_is_never_offered_has_no_chance() -> None:
    """Neither what is no candidate, nor anything but bestsellers where these serve instead."""
    policy, ask = bundles(), Ask("cart", "v1", CART, 2, explores=True)
    assert policy.propensities(ask, ("q0", "q7", "z1", "hat")) == pytest.approx((0.625, 0.125, 0, 0))
    empty = replace(ask, cart=())
    offers = policy.decide(empty)[0]
    assert policy.propensities(empty, (*offers, "q7x")) == (1.0,) * len(offers) + (0.0,)
    assert policy.lots(empty).candidates == ()


def test_what_came_of_a_decision_is_what_was_ordered_and_kept_in_time() -> None:
    """Orders of the visitor within the window, returns taken off; none before it, later, or of somebody else."""
    policy = bundles()
    found, n_untold = made(
        decision("v1", policy),
        purchase("v1", 30, later(DECIDED, hours=1)),
        purchase("v1", 20, later(DECIDED, hours=23), order="back"),
        refund("back", later(DECIDED, hours=30), amount=5),
        purchase("v1", 999, later(DECIDED, hours=25)),
        purchase("v1", 999, later(DECIDED, hours=-1)),
        purchase("v2", 999, later(DECIDED, hours=1)),
        decision("v3", policy),
    )
    assert [each.outcome for each in found] == [45.0, 0.0]
    assert (found[0].cart, found[0].most, found[0].share, found[0].candidates) == (CART, 2, 0.5, PARTNERS)
    assert n_untold == 0


def test_decisions_that_do_not_say_enough_are_counted_and_late_ones_left_out() -> None:
    """Older decisions did not tell the cart; where a policy took too long another one decided."""
    policy = bundles()
    old = decision("v1", policy, details=json.dumps({"because": "x", "propensities": [1.0]}))
    late = decision("v2", policy, details=json.dumps({"cart": ["hat"], "in_time": False}))
    bare = {name: value for name, value in decision("v4", policy).items() if name != "details"}
    found, n_untold = made(old, late, bare, decision("v3", policy))
    assert (len(found), n_untold) == (1, 2)


def logged(policy: Bundles, n: int = 2_000) -> list[Made]:
    lots = policy.lots(Ask("cart", "v", CART, 2, explores=True))
    found = []
    for number in range(n):
        offers = policy.decide(Ask("cart", f"v{number}", CART, 2, explores=True))[0]
        found.append(Made("cart", f"p{number}", CART, 2, offers, lots.candidates, lots.share, float(BEST in offers)))
    return found


def test_the_policy_that_logged_weighs_one() -> None:
    """Each of its decisions, the best lists and those that were drawn."""
    policy = bundles()
    assert [each.weight for each in replayed(logged(policy), policy)] == pytest.approx([1.0] * 2_000)


def test_another_order_weighs_what_it_shows_more() -> None:
    """Weights are 1 on average, larger where the boosted product was shown; all of it could have been logged."""
    policy, other = bundles(), bundles(Rules(boosts={BEST: 9.0}))
    assert other.decide(Ask("cart", "v", CART, 2))[0] == (BEST, "q0")
    decisions = logged(policy, 8_000)
    found = replayed(decisions, other)
    with_it = [each.weight for each, of in zip(found, decisions, strict=True) if BEST in of.offers]
    without = [each.weight for each, of in zip(found, decisions, strict=True) if BEST not in of.offers]
    assert np.mean([each.weight for each in found]) == pytest.approx(1, abs=0.1)
    assert np.mean(with_it) > 4 * np.mean(without)
    assert {each.uncovered for each in found} == {0.0}
    assert found[0].wanted[BEST] == pytest.approx(0.625)


def test_what_could_not_have_been_shown_is_not_covered() -> None:
    """A static rule that offers two other things was never logged; a list without chance covers what it shares."""
    static = Bestsellers()
    static.fit(facts(*history()).outcomes())
    (found,) = replayed(logged(bundles(), 1), static)
    assert found.uncovered == pytest.approx(1 - sum(found.wanted.values()) / 2)
    fixed = logged(bundles(explore=0.0), 1)
    (boosted,) = replayed(fixed, bundles(Rules(boosts={BEST: 9.0}), explore=0.0))
    assert (fixed[0].offers, boosted.weight, boosted.uncovered) == (("q0", "q1"), 0.5, 0.5)


def test_lists_of_nothing_agree_with_nothing() -> None:
    """Where nothing was shown and nothing would be, the decision counts as it is; else it says nothing."""
    nothing = Made("cart", "p", ("unknown",), 2, (), (), 0.0, 1.0)
    silent = Bundles()
    assert replayed([nothing], silent)[0].weight == 1.0
    assert replayed([nothing], bundles())[0].uncovered == 1.0
    assert replayed([replace(nothing, offers=("q0",), candidates=("q0",))], silent)[0].uncovered == 1.0


def test_a_model_foresees_others_and_never_its_own() -> None:
    """A product that sells is expected to; the only decision of its person changes nothing of what is foreseen of it."""
    policy = bundles()
    decisions = logged(policy, 4_000)
    under = replayed(decisions, bundles(Rules(boosts={BEST: 9.0})))
    predicted, expected = foreseen(decisions, under)
    sold = np.array([each.outcome for each in decisions])
    assert predicted[sold == 1].mean() > 2 * predicted[sold == 0].mean()
    assert expected.mean() > 1.5 * predicted.mean()
    odd = [replace(decisions[0], outcome=1e6), *decisions[1:]]
    assert foreseen(odd, under)[0][0] == pytest.approx(predicted[0])
