"""The rows behind figures: they add up to them, and are limited as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from builders import exposure, later, line, purchase, refund
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.metrics import METRICS, VISITORS
from counterclick.shop import Shop, demo, open_shop
from counterclick.shop.behind import LISTED, MOST_ROWS, where_of

TOML = """
[surfaces.cart]
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bundles = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-01-11
"""


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A simulated shop."""
    folder = tmp_path_factory.mktemp("demo")
    demo(folder, visitors=3_000).close()
    with open_shop(folder / "shop.toml") as shop:
        yield shop


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Four orders of 10, 20, 30 and 40, a day each, of visitors in two arms; half of the first came back."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        days = [later("2026-01-05T10:00", days=n) for n in range(4)]
        events = [exposure(f"v{n}", ("nothing", "bundles")[n % 2], at, surface="cart") for n, at in enumerate(days)]
        events += [
            purchase(f"v{n}", order=f"o{n}", lines=[line("hat", n + 1, 10)], at=later(at, hours=1))
            for n, at in enumerate(days)
        ]
        events += [refund("o0", amount=5, at="2026-01-20T10:00"), purchase("later", 1, "2026-02-20T10:00", order="last")]
        shop.record(events)
        yield shop


@pytest.mark.parametrize("metric", METRICS)
def test_they_add_up_to_the_figure(demonstrated: Shop, metric: str) -> None:
    """Of the whole shop, of a week, and of a surface, as the verb has it."""
    found = METRICS[metric]
    known = found.denominator == VISITORS
    (whole,) = demonstrated.metric(metric).values
    assert demonstrated.rows(found.numerator, known=known).total == pytest.approx(whole.numerator)
    for each in demonstrated.metric(metric, by="week").values[:2]:
        first = date.fromisoformat(str(each.key))
        rows = demonstrated.rows(found.numerator, since=first, until=first.fromordinal(first.toordinal() + 6), known=known)
        assert rows.total == pytest.approx(each.numerator or 0)
    for each in demonstrated.metric(metric, by="surface").values:
        assert demonstrated.rows(found.numerator, surface=each.key, known=known).total == pytest.approx(each.numerator)


def test_the_newest_stand_first(small: Shop) -> None:
    """As many as are asked for; how many there are, and what they add up to, are those of all."""
    found = small.rows("net_revenue", most=2)
    orders = [row[found.columns.index("order_id")] for row in found.rows]
    assert (orders, found.n_all, found.total) == (["last", "o3"], 5, 96)
    assert "All of them add up to 96.00: Revenue less what was returned" in str(found)


@pytest.mark.parametrize(
    ("asked", "orders"),
    [
        ({"since": date(2026, 1, 7), "until": date(2026, 1, 8)}, ["o3", "o2"]),
        ({"until": date(2026, 1, 5)}, ["o0"]),
        ({"surface": "cart", "until": date(2026, 1, 6)}, ["o1", "o0"]),
        ({"where": {"visitor_id": "v1"}}, ["o1"]),
    ],
)
def test_they_are_limited(small: Shop, asked: dict[str, Any], orders: list[str]) -> None:
    """By days of the shop, by the surface that their visitors met, by what a column holds."""
    found = small.rows("orders", **asked)
    assert [row[found.columns.index("order_id")] for row in found.rows] == orders


def test_visitors_of_an_experiment_are_those_of_its_verdict(small: Shop) -> None:
    """Each in its arm with what it bought within its window; who bought nothing stands there too."""
    found = small.rows("visitors", experiment="test", where={"variant": "nothing"})
    places = [found.columns.index(name) for name in ("visitor_id", "revenue", "buyers")]
    assert [[row[place] for place in places] for row in found.rows] == [["v2", 30, 1], ["v0", 10, 1]]
    assert small.rows("visitors", experiment="test").n_all == sum(
        small.experiment("test").measured().arms[arm].n for arm in ("nothing", "bundles")
    )


def test_events_of_a_kind_are_listed_with_all_that_they_say(small: Shop) -> None:
    """Lists of products as JSON."""
    found = small.rows("events", where={"kind": "purchase", "order_id": "o1"})
    (row,) = found.rows
    assert '"quantity":2' in str(row[found.columns.index("lines")]).replace(" ", "")
    exposures = small.rows("events", experiment="test", where={"kind": "exposure"})  # beside it, that it was declared
    assert exposures.n_all == 4


@pytest.mark.parametrize("of", sorted(set(LISTED) - {"visitors"}))
def test_every_table_is_listed(demonstrated: Shop, of: str) -> None:
    """With its columns, in the order in which they are named."""
    found = demonstrated.rows(of, most=3)
    assert found.n_all > 0
    assert len(found.rows[0]) == len(found.columns)
    assert found.grain in " ".join(str(found).split())


@pytest.mark.parametrize(
    ("of", "asked", "error", "says"),
    [
        ("net_revenu", {}, UnknownNameError, "Did you mean 'net_revenue'"),
        ("orders", {"most": 0}, ConfigError, f"from 1 to {MOST_ROWS:,} rows"),
        ("orders", {"where": {"revenue": "1"}}, ConfigError, "no column 'revenue' that holds a text"),
        ("orders", {"experiment": "test"}, ConfigError, "belong to none"),
        ("visitors", {}, ConfigError, "name it"),
        ("visitors", {"experiment": "tset"}, UnknownNameError, "test"),
        ("events", {"where": {"kind": "purchas"}}, UnknownNameError, "purchase"),
        ("tool_claims", {"since": date(2026, 1, 1)}, ConfigError, "of no day"),
        ("refunds", {"surface": "cart"}, ConfigError, "belong to no surface"),
    ],
)
def test_what_cannot_be_listed_is_told(
    small: Shop, of: str, asked: dict[str, Any], error: type[Exception], says: str
) -> None:
    """With what would be right."""
    with pytest.raises(error, match=says):
        small.rows(of, **asked)


def test_what_a_column_holds_is_written_with_a_sign() -> None:
    """A text may have one in it; without one it is refused."""
    assert where_of(["variant=a=b", "surface="]) == {"variant": "a=b", "surface": ""}
    with pytest.raises(ConfigError, match="variant=bundles"):
        where_of(["variant"])
