"""Whom to remind of what: a share left out by lot, judged on orders, and what is missing before anybody is reminded."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from builders import line, moment, purchase
from counterclick.config import load
from counterclick.errors import ConfigError, RefusedError
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop, open_shop
from counterclick.shop.replenishing import Segments, write_segments
from reminded import TODAY, TOML, afterwards, history, written

SHARES = {"nothing": 0.4, "replenish": 0.6}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return eight months of a shop's orders, as a file."""
    return written(tmp_path_factory.mktemp("history") / "history.jsonl", history())


def shop_of(folder: Path, past: Path, toml: str = TOML) -> Shop:
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record(past)
    return shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, past: Path) -> Iterator[Shop]:
    """Return the shop, with an experiment that leaves out two fifths."""
    with shop_of(tmp_path_factory.mktemp("reminded"), past) as own:
        yield own


@pytest.fixture(scope="module")
def found(shop: Shop) -> Segments:
    """Return whom to remind on the day on which it begins."""
    return shop.replenish(TODAY, least=0.15)


def exposed(shop: Shop) -> dict[str, str]:
    return dict(shop.reading.rows("SELECT customer_id, variant FROM events WHERE kind = 'exposure'"))


def test_a_share_is_left_out_by_lot_that_anybody_can_draw_again(shop: Shop, found: Segments) -> None:
    """Of both arms everybody is exposed, in the arm that the shop's hash says; who is left out is in no row."""
    arms = exposed(shop)
    assert arms == {who: assign("reminders", who, SHARES) for who in arms}
    reminded = {who for who, arm in arms.items() if arm == "replenish"}
    assert set(found.rows["customer_id"].to_pylist()) == reminded
    assert (found.n_reminded, found.n_left_out) == (len(reminded), len(arms) - len(reminded))
    assert found.experiment == "reminders"
    assert found.share == pytest.approx(0.4)
    assert 0.35 < found.n_left_out / len(arms) < 0.45
    told = shop.reading.rows("SELECT DISTINCT variant, propensity, policy, surface FROM events WHERE kind = 'exposure'")
    assert sorted(told) == [("nothing", 0.4, "nothing", "email"), ("replenish", 0.6, "replenish", "email")]


def test_who_is_asked_again_is_exposed_once_and_stays(shop: Shop, found: Segments) -> None:
    """The same rows, and no second exposure of anybody."""
    again = shop.replenish(TODAY, least=0.15)
    assert again.rows.equals(found.rows)
    (counted,) = shop.reading.rows("SELECT count(*), count(DISTINCT customer_id) FROM events WHERE kind = 'exposure'")
    assert counted[0] == counted[1] == found.n_reminded + found.n_left_out


def test_exposures_of_customers_make_no_visit(shop: Shop, found: Segments) -> None:
    """Nobody came: there is no session and no visitor."""
    assert found.n_left_out
    assert shop.facts.sessions.count().to_pyarrow().as_py() == 0
    assert shop.facts.visitors.count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_verdict_covers_what_reminders_do(tmp_path: Path, past: Path, effect: float) -> None:
    """Simulation, end to end: reminders that make two fifths more orders are won and covered; idle ones are not won."""
    with shop_of(tmp_path, past) as shop:
        shop.replenish(TODAY, least=0.15)
        arms = exposed(shop)
        reminded = [who for who, arm in arms.items() if arm == "replenish"]
        shop.record(written(tmp_path / "after.jsonl", afterwards(arms, reminded, effect)))
        verdict = shop.experiment("reminders").verdict()
        result = shop.experiment("reminders").result()
    assert verdict.lift_lower is not None
    assert verdict.lift_upper is not None
    assert verdict.lift_lower < effect < verdict.lift_upper
    assert verdict.outcome == ("won" if effect else "inconclusive")
    assert {each.name: each.n_visitors for each in result.arms} == {
        "nothing": len(arms) - len(reminded),
        "replenish": len(reminded),
    }


def test_facts_that_are_kept_are_those_that_are_worked_out_anew(tmp_path: Path, past: Path) -> None:
    """Kept when few were eligible, then asked with later orders and many more who are: as of a shop that keeps nothing."""

    def result(keep_after: float) -> str:
        with Shop(load(tmp_path / "shop.toml"), tmp_path, keep_after=keep_after) as own:
            return str(own.experiment("reminders").result())

    with shop_of(tmp_path, past) as shop:
        shop.replenish(TODAY, least=0.75)
        few = set(exposed(shop))
        everybody = sorted(
            {f"{row[0]}" for row in shop.reading.rows("SELECT customer_id FROM events WHERE kind = 'purchase'")}
        )
        shop.record(written(tmp_path / "after.jsonl", afterwards(everybody, everybody[::2], 0.4)))
    before = result(0.0)
    with Shop(load(tmp_path / "shop.toml"), tmp_path, keep_after=math.inf) as shop:
        shop.replenish(TODAY, least=0.15)
        assert len(exposed(shop)) > 3 * len(few) > 100
    after = result(0.0)
    assert after == result(math.inf)
    assert after != before


def test_orders_by_visit_are_the_customers(tmp_path: Path, past: Path) -> None:
    """An order of a visitor who is known as the customer counts for it; one of another customer does not."""
    with shop_of(tmp_path, past) as shop:
        shop.replenish(TODAY, least=0.15)
        arms = exposed(shop)
        who = next(iter(arms))
        at, end = (f"{TODAY + timedelta(days=days)}T10:00" for days in (3, 60))
        bought = [
            purchase("v1", at=at, order="known", customer_id=who, lines=[line("assam", price=50)]),
            purchase("v1", at=at, order="by visit", lines=[line("assam", price=7)]),
            purchase("v2", at=at, order="other", customer_id="nobody", lines=[line("assam", price=99)]),
            purchase("v3", at=end, lines=[line("assam")]),
        ]
        shop.record(written(tmp_path / "after.jsonl", bought))
        test = shop.experiment("reminders")
        counts = {
            order: test.membership(order, moment(at), visitor).counts
            for order, visitor in (("known", "v1"), ("by visit", "v1"), ("other", "v2"))
        }
    assert counts == {"known": True, "by visit": True, "other": False}


def test_without_an_experiment_nobody_is_left_out_and_it_says_so(tmp_path: Path, past: Path) -> None:
    """All who are likely enough are in the rows, nothing is recorded, and what is not known then is told."""
    with shop_of(tmp_path, past, "[surfaces.email]") as shop:
        found = shop.replenish(TODAY, least=0.15)
        assert exposed(shop) == {}
    assert (found.experiment, found.n_left_out) == (None, 0)
    assert found.n_reminded > 1_000
    assert "whether reminders earn anything will not be known" in " ".join(str(found).split())


def test_rows_are_written_as_they_are(found: Segments, tmp_path: Path) -> None:
    """A line for each row, under the names of its columns, with dates and reasons."""
    write_segments(found, tmp_path / "segments.csv")
    with (tmp_path / "segments.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found.rows.num_rows
    first = found.rows.slice(0, 1).to_pylist()[0]
    assert list(rows[0]) == found.rows.column_names
    assert (rows[0]["customer_id"], rows[0]["type"], rows[0]["because"]) == tuple(
        first[name] for name in ("customer_id", "type", "because")
    )
    assert date.fromisoformat(rows[0]["send_on"]) == first["send_on"]
    assert float(rows[0]["probability_14_days"]) == pytest.approx(first["probability_14_days"])


def test_what_is_missing_is_said(make_shop: Callable[[str], Shop]) -> None:
    """Of a shop of one customer nothing is foreseen: nobody is reminded, exposed or invented."""
    shop = make_shop(TOML)
    shop.record([purchase("v1", customer_id="c1", at=f"{TODAY}T10:00", lines=[line("hat")])])
    found = shop.replenish(TODAY + timedelta(days=1))
    assert found.rows.num_rows == found.n_reminded == 0
    assert found.missing[0] == "1 customers with an order, 500 are needed"
    assert "Missing: 1 customers with an order, 500 are needed." in str(found)
    assert exposed(shop) == {}


def test_old_orders_and_days_of_the_past_are_refused(shop: Shop, found: Segments) -> None:
    """Six weeks after the last order nothing is foreseen; and as of a day that was learned from nobody knew it."""
    assert found.rows.num_rows
    late = shop.replenish(TODAY + timedelta(days=45))
    assert late.rows.num_rows == 0
    assert late.missing == ("the last order is 46 days old, at most 30 may be; record the newer ones",)
    with pytest.raises(RefusedError, match="nobody knew it"):
        shop.replenish(TODAY - timedelta(days=30))


@pytest.mark.parametrize(("given", "says"), [({"least": 1.5}, "least is a chance"), ({"most": 0}, "most is 1 or more")])
def test_what_is_none_is_refused(shop: Shop, given: dict[str, int], says: str) -> None:
    """A chance above one, and no type at all."""
    with pytest.raises(ConfigError, match=says):
        shop.replenish(TODAY, **given)  # type: ignore[arg-type]


def test_the_arm_is_of_customers(make_shop: Callable[[str], Shop]) -> None:
    """An experiment on visitors cannot leave customers out."""
    with pytest.raises(ConfigError, match='write unit = "customer"'):
        make_shop(TOML.replace('unit = "customer"', ""))


def test_a_visitor_is_not_asked_by_an_experiment_on_customers(shop: Shop) -> None:
    """The surface's own decision knows no experiment for it, and no flag is there for one."""
    decision = shop.decide("email", "v9", today=TODAY)
    assert (decision.experiment, decision.variant) == (None, None)
