"""What is learned of who buys again: gates that say what is missing, and one row for each pair that is worth a reminder."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from builders import facts, line, purchase
from buyers import bought, rhythmic
from counterclick.config import ReadinessConfig, ReplenishmentConfig
from counterclick.decisions.rebuy_model import RebuyModel
from counterclick.decisions.rebuys import BuyingDays, as_of, day_number, day_of
from counterclick.decisions.replenishment import Knows, Replenishment, stale
from counterclick.decisions.segments import SEGMENTS, segments_of
from counterclick.errors import RefusedError


@pytest.fixture(scope="module")
def days() -> BuyingDays:
    """Return customers who buy about every 20 and every 45 days, until they leave."""
    return rhythmic(1_500)


@pytest.fixture(scope="module")
def learnt(days: BuyingDays) -> Replenishment:
    """Return what is learned of them."""
    found = Replenishment()
    found.fit_days(days)
    return found


@pytest.fixture(scope="module")
def knows(learnt: Replenishment) -> Knows:
    """Return it; nothing is missing."""
    assert learnt.knows is not None, learnt.learnt().missing
    return learnt.knows


def test_each_gate_says_what_is_missing() -> None:
    """Nobody known; too few customers and days, and nobody loyal; and no pair that was bought again."""
    nobody = Replenishment()
    nobody.fit(facts(purchase("v1", lines=[line("hat")])).outcomes())
    assert nobody.learnt().missing == (
        "no order of a known customer is recorded to learn from: send customer_id with purchases",
    )
    few = Replenishment()
    few.fit_days(bought(("a", "t", 0), ("b", "t", 9)))
    assert few.learnt().missing == (
        "2 customers with an order, 500 are needed",
        "10 days of orders, 180 are needed",
        "0 customers with 3 days of orders or more, 1 are needed",
    )
    once = Replenishment(gates=ReadinessConfig(prediction_customers=2, prediction_loyal=0, prediction_days=5))
    once.fit_days(bought(("a", "t", 0), ("b", "t", 9)))
    (missing,) = once.learnt().missing
    assert "200 that were and 200 that were not are needed" in missing
    assert once.knows is None


def test_what_tells_nothing_apart_does_not_serve() -> None:
    """Whoever buys on any day with the same chance: the store's own later days show nothing, and it says so."""
    rng = np.random.default_rng(2)
    rows = [(f"c{who}", "t", day) for who in range(300) for day in np.flatnonzero(rng.random(200) < 0.03).tolist()]
    found = Replenishment(ReplenishmentConfig(rebought=30), ReadinessConfig(prediction_customers=100))
    found.fit_days(bought(*rows))
    assert found.knows is None
    assert "above .50 is needed" in found.learnt().missing[0]


def test_what_was_learned_is_numbers_that_another_one_takes_up(learnt: Replenishment, days: BuyingDays) -> None:
    """Written as JSON and read again: the same, without the name of a customer; and what is missing is an error."""
    body = json.dumps(learnt.to_plain())
    assert str(days.customers[0]) not in body
    other = Replenishment()
    other.from_plain(json.loads(body))
    assert json.dumps(other.to_plain()) == body
    assert other.learnt() == learnt.learnt()
    for name in learnt.to_plain():
        with pytest.raises(LookupError):
            other.from_plain({key: value for key, value in json.loads(body).items() if key != name})


def test_the_newest_day_may_not_be_over(knows: Knows, days: BuyingDays) -> None:
    """It is not learned from: whoever has not bought on it yet may do so in the evening."""
    assert knows.last_on == day_of(days.last - 1)
    with pytest.raises(RefusedError, match="nobody knew it"):
        segments_of(days, knows, knows.last_on, 28, 0.1, 3)


def test_one_row_for_each_pair_that_is_likely_enough(knows: Knows, days: BuyingDays) -> None:
    """At most so many types of a customer, the likeliest first; each with the chance that the model says, and its day."""
    today = day_of(days.last + 1)
    every = segments_of(days, knows, today, 28, 0.0, 10)
    assert every.schema == SEGMENTS
    pairs = as_of(days, day_number(today))
    assert every.num_rows == (pairs.n >= 2).sum()
    rows = every.to_pylist()
    assert len({(row["customer_id"], row["type"]) for row in rows}) == len(rows)
    assert all(today <= row["send_on"] < today + timedelta(days=28) for row in rows)
    assert all(row["probability_then"] >= row["probability_14_days"] - 1e-9 for row in rows)
    assert all(0 < row["probability_14_days"] <= row["probability_30_days"] < 1 for row in rows)
    one = segments_of(days, knows, today, 28, 0.3, 1).to_pylist()
    assert len({row["customer_id"] for row in one}) == len(one)
    best: dict[str, float] = {}
    for row in rows:
        best[row["customer_id"]] = max(best.get(row["customer_id"], 0), row["probability_then"])
    assert {row["customer_id"]: row["probability_then"] for row in one} == {who: p for who, p in best.items() if p >= 0.3}


def test_parts_that_are_scored_by_themselves_change_nothing(
    knows: Knows, days: BuyingDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scored in parts of 100 pairs, the rows are the same."""
    today = day_of(days.last + 1)
    whole = segments_of(days, knows, today, 5, 0.2, 2)
    monkeypatch.setattr("counterclick.decisions.segments._AT_ONCE", 100)
    assert segments_of(days, knows, today, 5, 0.2, 2).equals(whole)


def test_the_reason_is_the_pairs_own_days(knows: Knows) -> None:
    """Bought on three days, ten days apart, the last time five days ago; something else two days ago."""
    days = bought(("a", "t0", 500), ("a", "t0", 510), ("a", "t0", 520), ("a", "t1", 523))
    (row,) = segments_of(days, knows, day_of(525), 28, 0.0, 3).to_pylist()
    assert row["because"].startswith("bought on 3 days, about every ")
    assert row["because"].endswith(" days, the last time 5 days ago; ordered anything 2 days ago")
    assert isinstance(knows.rebuys, RebuyModel)


def test_old_orders_foresee_nothing() -> None:
    """Thirty days are borne, one more is told."""
    assert stale(date(2026, 1, 1), date(2026, 1, 31), ReadinessConfig()) == ""
    assert stale(date(2026, 1, 1), date(2026, 2, 1), ReadinessConfig()) == (
        "the last order is 31 days old, at most 30 may be; record the newer ones"
    )
