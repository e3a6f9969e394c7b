"""What every policy keeps to, whatever was recorded and whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from builders import Event, add, answer, click, facts, later, line, message, product, purchase, refund, shown
from counterclick.config import Config, ReadinessConfig, parse, parse_rules
from counterclick.decisions import POLICIES, Ask, Policy
from counterclick.facts import Outcomes
from counterclick.shop.decided import RETURNS, decided, policy_asked, policy_of
from counterclick.shop.deciding import assigned

HOSTILE = ("'; DROP TABLE events; --", "{{7*7}}", "<script>", "\u202egnp", "ü" * 100, "0", "None", "a,b;c|d", "🧦", "%s\\")


def several() -> list[Event]:
    """Half a year of a small shop: pairs that sell together, one that came back, a new product, categories."""
    first = "2026-01-05T10:00"
    bought = [purchase(f"v{n}", at=later(first, days=n), lines=[line("hat"), line("scarf", 2)]) for n in range(12)]
    single = [purchase(f"w{n}", at=later(first, days=150 + n), lines=[line("belt", n + 1)]) for n in range(3)]
    back = [purchase("x", at=later(first, days=151), order="back", lines=[line("sock", 40), line("hat")])]
    told = [product("hat", "head", title="Hat"), product("scarf", "head"), product("cap", "head"), product("belt", "waist")]
    return [*bought, *single, *back, refund("back", at=later(first, days=155)), *told]


def odd() -> list[Event]:
    """Product ids that are code somewhere, or hard to read, each bought with the next."""
    pairs = zip(HOSTILE, HOSTILE[1:] + HOSTILE[:1], strict=True)
    return [purchase(f"v{n}", lines=[line(one), line(other)]) for n, (one, other) in enumerate(pairs) for _ in range(6)]


def returned() -> list[Event]:
    """Half a year of hats, of which every second comes back, and scarves, of which every fifth does."""
    events: list[Event] = []
    for n in range(240):
        at = later("2026-01-05T10:00", hours=18 * n)
        events.append(purchase(f"v{n % 40}", at=at, order=f"o{n}", lines=[line("hat"), line("scarf")]))
        back = [{"product_id": name, "quantity": 1} for name, nth in (("hat", 2), ("scarf", 5)) if n % nth == 0]
        if back:
            events.append(refund(f"o{n}", later(at, days=5), lines=back))
    return events


SHOPS: dict[str, list[Event]] = {
    "empty": [],
    "catalogue alone": [product("hat", "head"), product("scarf")],
    "orders without lines": [purchase("v1", 40), purchase("v2", 50)],
    "one order": [purchase("v1", lines=[line("hat")])],
    "all came back": [purchase("v1", order="o1", lines=[line("hat"), line("scarf")]), refund("o1", at="2026-01-09T10:00")],
    "several": several(),
    "odd": odd(),
    "returned": returned(),
}
CONFIG = Config(readiness=ReadinessConfig(bundle_products=2, return_months=0, return_orders=0, returns=0))
"""A shop so small may learn bundles here."""
RULES = parse_rules(
    """
stock = { belt = 0 }
never_together = [["hat", "cap"]]
[[rules]]
products = ["hat", "sock"]
offer = ["cap", "belt", "hat", "scarf"]
"""
)
CARTS = [(), ("hat",), ("hat", "hat", "scarf"), ("unknown",), HOSTILE, tuple(f"p{n}" for n in range(5_000))]


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> Policy:
    """Return each policy, before it has learnt."""
    return policy_of(request.param, CONFIG, RULES)


@pytest.fixture(scope="module", params=SHOPS)
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """Return what was recorded by each shop."""
    return facts(*SHOPS[request.param]).outcomes()


@pytest.mark.parametrize("most", [1, 3, 100])
def test_a_decision_is_what_a_surface_can_show(policy: Policy, outcomes: Outcomes, most: int) -> None:
    """At most so many offers, each once, none of the cart, a finite score for each, and a sentence that says why."""
    policy.fit(outcomes)
    for cart in CARTS:
        offers, scores, because = policy.decide(Ask("cart", "v9", cart, most))
        assert len(offers) == len(scores) <= most
        assert len(set(offers)) == len(offers)
        assert not set(offers) & set(cart)
        assert all(abs(score) < float("inf") for score in scores)
        assert because.strip() == because
        assert 10 < len(because) < 1_000
        assert because.isprintable()


def test_the_same_ask_has_the_same_answer(policy: Policy, outcomes: Outcomes) -> None:
    """Asked again, of a policy that has learnt twice, and of another one that learnt from the same."""
    policy.fit(outcomes)
    first = [policy.decide(Ask("cart", "v9", cart)) for cart in CARTS]
    policy.fit(outcomes)
    other = policy_of(policy.name, CONFIG, RULES)
    other.fit(outcomes)
    for again in (policy, other):
        assert [again.decide(Ask("cart", "v9", cart)) for cart in CARTS] == first


def test_what_was_learnt_is_numbers_and_texts_that_another_one_takes_up(policy: Policy, outcomes: Outcomes) -> None:
    """Written as JSON and read again, it decides as before, says the same of itself, and is written the same."""
    policy.fit(outcomes)
    body = msgspec.json.encode(policy.to_plain())
    other = policy_of(policy.name, CONFIG, RULES)
    other.from_plain(msgspec.json.decode(body))
    for cart in CARTS:
        assert other.decide(Ask("cart", "v9", cart)) == policy.decide(Ask("cart", "v9", cart))
    assert other.learnt() == policy.learnt()
    assert msgspec.json.encode(other.to_plain()) == body
    for missing in policy.to_plain():
        with pytest.raises((LookupError, ValueError)):
            other.from_plain({name: value for name, value in policy.to_plain().items() if name != missing})


def test_what_holds_people_says_so(policy: Policy) -> None:
    """Whoever bought is named by what is learnt only where it is erased with them."""
    bought = [purchase(f"visitor-{n}", customer_id=f"person-{n}", lines=[line("hat"), line("scarf")]) for n in range(9)]
    policy.fit(facts(*bought).outcomes())
    body = msgspec.json.encode(policy.to_plain())
    assert (b"person-" in body or b"visitor-" in body) == policy.of_people


def test_what_is_asked_changes_nothing(policy: Policy, outcomes: Outcomes) -> None:
    """A question leaves no trace: the next visitor gets what it would have got without it."""
    policy.fit(outcomes)
    before = policy.decide(Ask("cart", "v1", ("hat",)))
    for cart in CARTS:
        policy.decide(Ask("cart", "v2", cart))
    assert policy.decide(Ask("cart", "v1", ("hat",))) == before


def test_nobody_decides_before_it_has_learnt(policy: Policy) -> None:
    """A policy that knows nothing offers nothing, and says so; a rule needs no learning, but something to be for."""
    offers, scores, because = policy.decide(Ask("cart", "v1"))
    assert offers == scores == ()
    assert because


def test_clicks_change_no_decision(policy: Policy) -> None:
    """Thousands of clicks, lists, messages and answers about one product: whatever is offered, is offered without them."""
    sold = several()
    policy.fit(facts(*sold).outcomes())
    without = [policy.decide(Ask("cart", "v9", cart)) for cart in CARTS]
    loud = [made for n in range(40) for made in (click(f"c{n}", "cap"), shown(f"c{n}", "cap"), answer(f"c{n}", "cap"))]
    policy.fit(facts(*sold, *loud, message("clicked", "c1"), add("c1", product="cap")).outcomes())
    assert [policy.decide(Ask("cart", "v9", cart)) for cart in CARTS] == without


def test_where_data_are_missing_the_static_rule_serves(policy: Policy) -> None:
    """Of one order of one product nothing can be learnt: the bestseller is offered, and the reason tells what is lacking."""
    policy.fit(facts(*SHOPS["one order"]).outcomes())
    offers, _, because = policy.decide(Ask("cart", "v9"))
    if policy.name == "nothing":
        assert offers == ()
        return
    if policy.name == RETURNS:
        assert because == "nothing is in the cart"
        offers, _, because = policy.decide(Ask("cart", "v9", ("hat", "cap")))
        assert offers == ("compatibility_warning",)
        assert "are needed" in because
        assert "; instead: hat and cap are not to stand together" in because
        return
    assert offers == ("hat",)
    assert "sold most" in because
    assert policy.name == "bestsellers" or "; instead: " in because


def test_every_policy_serves_as_an_arm_with_a_propensity(policy: Policy, outcomes: Outcomes) -> None:
    """Named as variants of an experiment, each visitor gets its arm's policy, by a chance above 0 and at most 1."""
    arms = ", ".join(f"{name} = {share}" for name, share in _shares(policy.name).items())
    config = parse(f"""
[surfaces.cart]
[experiments.test]
surface = "cart"
control = "nothing"
treatment = "{policy.name if policy.name != "nothing" else "vendor"}"
variants = {{ {arms} }}
starts_on = 2026-01-05
ends_on = 2026-02-01
""")
    policy.fit(outcomes)
    served = set()
    for number in range(40):
        found = assigned(config, "cart", f"v{number}", config.experiments["test"].starts_on, lambda _name, _who: None)
        asked = policy_asked(found, config)
        if found.policy == policy.name == asked:
            ask = Ask("cart", f"v{number}", ("hat", "cap"))
            told = decided(found, ask, policy, config, f"d{number}")
            decision = told.decision
            assert [each.experiment for each in told.exposures] == ["test"]
            assert [each.policy for each in told.made] == ([] if policy.name == "nothing" else [policy.name])
            assert all((each.event_id, each.variant) == (f"d{number}", policy.name) for each in told.made)
            assert len(decision.propensities) == len(decision.offers)
            assert bool(decision.mark) == (bool(decision.offers) and policy.name != RETURNS)
            assert 0 < decision.propensity <= 1
            assert decision.variant == decision.policy == policy.name
            assert decision.served_here
            assert str(decision)
            served.add(asked)
    assert served == {policy.name}


def _shares(name: str) -> dict[str, float]:
    return {"nothing": 0.5, "vendor" if name == "nothing" else name: 0.5}
