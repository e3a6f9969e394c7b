"""Candidates in order: in every arm, in whatever state the shop is, in Python and in the shell; and what is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import Event, later, line, purchase, shown
from counterclick.config import Rules, parse
from counterclick.decisions import POLICIES, Ask
from counterclick.errors import ConflictError, InputError
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop, open_shop
from counterclick.shop.decided import RETURNS, decided, policy_asked, policy_of
from counterclick.shop.deciding import assigned
from shell import Shell

ARMS = """
[surfaces.search]
[surfaces.quiet]
[experiments.search-order]
surface = "search"
control = "nothing"
treatment = "ranking"
variants = { nothing = 0.25, ranking = 0.25, bestsellers = 0.25, vendor = 0.25 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
TOML = ARMS + "[ranking]\nleast_exposures = 1\nleast_orders = 1\nfloor = 0.5\nexplore = 0.5\n"
SHARES = dict.fromkeys(("nothing", "ranking", "bestsellers", "vendor"), 0.25)
CAME = ("toy", "scarf", "hat")
START = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M")


def sold() -> list[Event]:
    """Lists of three products, of which the last one sells best."""
    lists = [shown(f"v{n}", *CAME, at=START, surface="search") for n in range(60)]
    bought = [purchase(f"v{n}", at=later(START, hours=1), lines=[line("hat")]) for n in range(20)]
    scarf = purchase("v0", at=later(START, hours=2), lines=[line("scarf")])
    return [*lists, *bought, scarf, purchase("late", at=later(START, days=40), lines=[line("other")])]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    found = open_shop(tmp_path / "shop.toml")
    found.record(sold())
    found.fit(["ranking", "bestsellers"])
    return found


def who(arm: str, n: int = 0) -> str:
    """Return the nth visitor of an arm."""
    return [f"w{each}" for each in range(200) if assign("search-order", f"w{each}", SHARES) == arm][n]


def test_every_arm_answers_with_all_candidates(shop: Shop) -> None:
    """Only the arm that ranks puts them in another order; who is in no experiment has them as they came."""
    told = {arm: shop.decide("search", who(arm), candidates=CAME) for arm in SHARES}
    for arm in ("nothing", "bestsellers", "vendor"):
        assert told[arm].offers == CAME
        assert (told[arm].scores, told[arm].propensities) == ((0, 0, 0), (1, 1, 1))
        assert told[arm].n_drawn == 0
    assert "the policy nothing puts nothing in order; the candidates stay" in told["nothing"].because
    assert told["nothing"].mark == {}
    assert not told["vendor"].served_here
    quiet = shop.decide("quiet", "w1", candidates=CAME)
    assert (quiet.offers, quiet.experiment) == (CAME, None)
    assert quiet.because.endswith("the candidates stay in the order in which they came")
    orders = set()
    for n in range(20):
        found = shop.decide("search", who("ranking", n), candidates=CAME)
        assert found.offers == ("hat", "scarf", "toy") or found.n_drawn == 3
        assert sorted(found.offers) == sorted(CAME)
        assert found.mark["_cc_decision"] == found.decision_id
        orders.add((found.n_drawn, found.offers))
    assert len(orders) > 3


def test_what_was_decided_is_recorded(shop: Shop) -> None:
    """The order, how many first places chance drew, what was searched for; the control's order is nobody's decision."""
    found = [shop.decide("search", who("ranking", n), candidates=CAME, query="a@b.de hats", category="H") for n in range(9)]
    shop.decide("search", who("nothing"), candidates=CAME)
    rows = shop.reading.rows("SELECT event_id, items, details FROM events WHERE kind = 'decision'")
    assert len(rows) == 9
    logged = {name: ([item["product_id"] for item in items], json.loads(details)) for name, items, details in rows}
    for each in found:
        offers, details = logged[each.decision_id]
        assert offers == [*each.offers]
        assert (details["n_drawn"], details["propensities"]) == (each.n_drawn, [*each.propensities])
        assert details["category"] == "H"
        assert "hats" in details["query"]
        assert "@" not in details["query"]
    drawn = shop.facts.outcomes().drawn_placements.count().to_pyarrow().as_py()
    assert drawn == sum(each.n_drawn for each in found) > 0


def test_one_decision_id_has_one_answer(shop: Shop) -> None:
    """The same order again, also after another fit; other candidates under it are refused."""
    first = shop.decide("search", who("ranking"), candidates=CAME, decision_id="d1")
    shop.record([purchase(f"v{n}", at=later(START, hours=3), lines=[line("toy", price=99)]) for n in range(60)])
    shop.fit(anyway=True)
    assert shop.decide("search", who("ranking"), candidates=CAME, decision_id="d1") == first
    with pytest.raises(ConflictError):
        shop.decide("search", who("ranking"), candidates=CAME[:2], decision_id="d1")


def test_what_cannot_be_put_in_order(shop: Shop) -> None:
    """Too many, one twice, an id that is none: each says what would be right; five hundred are answered."""
    many = [f"p{n}" for n in range(501)]
    for wrong, says in ((many, "at most 500"), (["hat", "hat"], "'hat' does twice"), ([""], "1 to 200 characters")):
        with pytest.raises(InputError, match=says):
            shop.decide("search", "w1", candidates=wrong)
    assert sorted(shop.decide("search", who("ranking"), candidates=many[:500]).offers) == sorted(many[:500])


def test_the_command_says_the_same(shop: Shop, shell: Shell) -> None:
    """The order of `decide` with candidates, and why."""
    shop.close()
    toml = str(shop.folder / "shop.toml")
    words = ("decide", "search", "--visitor", who("nothing"), "--candidates", *CAME, "--query", "hats", "--shop", toml)
    assert shell.json(*words)["offers"] == [*CAME]
    assert "the order in which they came" in shell("decide", "search", "--visitor", "x", *words[4:])


def test_where_nothing_is_known_nothing_is_reordered(tmp_path: Path) -> None:
    """A young shop: the arm that ranks leaves them as they came, and says what is missing; so it does without any model."""
    (tmp_path / "shop.toml").write_text(ARMS, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        empty = shop.decide("search", who("ranking"), candidates=CAME)
        assert (empty.offers, "no model of ranking has been fitted" in empty.because) == (CAME, True)
        shop.record(sold())
        shop.fit()
        young = shop.decide("search", who("ranking", 1), candidates=CAME)
    assert (young.offers, young.n_drawn) == (CAME, 0)
    assert "products were shown; 10,000 are needed" in young.because


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_keeps_all_candidates(name: str) -> None:
    """Whatever the arm: each candidate once, with a score and a probability; of baskets, that are no lists, nothing."""
    other = "vendor" if name == "nothing" else "nothing"
    config = parse(
        f'[surfaces.search]\n[experiments.test]\nsurface = "search"\ncontrol = "{other}"\n'
        f"variants = {{ {other} = 0.001, {name} = 0.999 }}\nstarts_on = 2020-01-01\nends_on = 2090-01-01\n"
    )
    found = assigned(config, "search", "v1", datetime.now(UTC).date(), lambda _name, _who: None)
    assert policy_asked(found, config) == name
    ask = Ask("search", "v1", candidates=CAME, explores=True)
    decision = decided(found, ask, policy_of(name, config, Rules()), config, "d1").decision
    assert decision.offers == (() if name == RETURNS else CAME)
    assert len(decision.propensities) == len(decision.scores) == len(decision.offers)
