"""Three public data sets through the front door, against plain SQL and SciPy over the same files."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from counterclick.experiments import Result
from counterclick.shop import Shop, open_shop
from data_folder import ROOT, data_file

MENS = (0.7698271558945368, 0.4851397325684076, 1.0545145792206658)
WOMENS = (0.4244122159365967, 0.1689567898837787, 0.6798676419894147)


def example(name: str, file: Path, tmp_path: Path) -> Shop:
    """Return a shop with the example's mapping and the file recorded."""
    shutil.copy(ROOT / "examples" / name / "shop.toml", tmp_path)
    shop = open_shop(tmp_path / "shop.toml")
    shop.record(file)
    return shop


def difference(result: Result, metric: str, treatment: str) -> tuple[float, float, float]:
    found = result.row(metric, treatment).difference
    assert found is not None
    return found.value, found.lower, found.upper


def test_hillstrom_spend_conversion_and_visits_equal_the_published_and_scipys(tmp_path: Path) -> None:
    """Both mailings: Welch differences and intervals of spend to 1e-9, of buyers and visits as SciPy has them."""
    file = data_file("hillstrom", "hillstrom.csv")
    with example("hillstrom", file, tmp_path) as shop:
        result = shop.experiment("e-mail").result(["sessions_per_visitor"])
        verdict = shop.experiment("e-mail").verdict()
    assert difference(result, "revenue_per_visitor", "mens") == pytest.approx(MENS, rel=1e-9)
    assert difference(result, "revenue_per_visitor", "womens") == pytest.approx(WOMENS, rel=1e-9)
    rows = duckdb.sql(f"SELECT segment, visit::INT AS visit, conversion::INT AS bought FROM '{file}'").fetchnumpy()
    segment = np.asarray(rows["segment"])
    for arm, name in (("mens", "Mens E-Mail"), ("womens", "Womens E-Mail")):
        for metric, column in (("conversion", "bought"), ("sessions_per_visitor", "visit")):
            test = stats.ttest_ind(rows[column][segment == name], rows[column][segment == "No E-Mail"], equal_var=False)
            interval = test.confidence_interval()
            found = difference(result, metric, arm)
            assert found[1:] == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert "for 1,000 visitors: USD 769.83 [485.14, 1,054.51] (Welch)" in " ".join(str(result).split())
    assert verdict.outcome == "won"
    womens = next(contrast for contrast in verdict.contrasts if contrast.treatment == "womens")
    assert any("Twyman" in warning for warning in verdict.warnings)
    assert any("Twyman" in warning for warning in womens.warnings)
    assert any("not pre-registered" in warning for warning in verdict.warnings)


def test_cookie_cats_sample_ratio(tmp_path: Path) -> None:
    """44,700 against 45,489 players: p = .0086, chance enough to go on."""
    with example("cookie_cats", data_file("cookie_cats", "cookie_cats.csv"), tmp_path) as shop:
        result = shop.experiment("gate").result()
    check = result.checks[0]
    assert check.name == "sample ratio"
    assert "p = 0.00861" in str(result)
    assert check.value == pytest.approx(0.00860798781, rel=1e-8)
    assert check.passed


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Path]:
    """Return the recorded store and its file."""
    file = data_file("online_retail", "online_retail.parquet")
    return example("online_retail", file, tmp_path_factory.mktemp("online_retail")), file


NO_PRODUCT = "('POST', 'DOT', 'C2', 'BANK CHARGES', 'AMAZONFEE', 'CRUK', 'D', 'M', 'm', 'S')"
GOODS = f"""
    SELECT InvoiceNo, StockCode, CustomerID, strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S') AS sold_at,
        Quantity::INT AS quantity, UnitPrice::DECIMAL(18, 4) AS price
    FROM '{{file}}' WHERE StockCode NOT IN {NO_PRODUCT} AND InvoiceNo NOT LIKE 'A%' AND UnitPrice::DECIMAL(18, 4) <> 0
"""


def test_online_retail_orders_agree_with_plain_sql(online_retail: tuple[Shop, Path]) -> None:
    """AOV and units per order of every month are those of a GROUP BY over the lines; nothing is lost on the way."""
    shop, file = online_retail
    goods = GOODS.format(file=file)
    expected = duckdb.sql(f"""
        SELECT strftime(date_trunc('month', sold_at), '%Y-%m-%d') AS month, sum(value)::DOUBLE, sum(units), count(*) FROM (
            SELECT min(sold_at) AS sold_at, sum(quantity * price) AS value, sum(quantity) AS units FROM ({goods})
            WHERE InvoiceNo NOT LIKE 'C%' AND quantity > 0 GROUP BY InvoiceNo
        ) GROUP BY month ORDER BY month""").fetchall()
    aov, units = shop.metric("aov", by="month"), shop.metric("units_per_order", by="month")
    assert len(expected) == 13
    assert [(v.key, v.numerator, v.denominator) for v in aov.values] == [
        (month, pytest.approx(value, rel=1e-12), n) for month, value, _, n in expected
    ]
    assert [(v.key, v.numerator) for v in units.values] == [(month, n) for month, _, n, _ in expected]


def test_online_retail_lines_are_all_accounted_for(online_retail: tuple[Shop, Path]) -> None:
    """541,909 rows are order lines, returned lines, or counted by name; identical lines are all there."""
    shop, file = online_retail
    health = shop.check()
    count = duckdb.sql(
        f"SELECT count(*) FILTER (WHERE InvoiceNo NOT LIKE 'C%'), count(*) FILTER (WHERE InvoiceNo LIKE 'C%') "
        f"FROM ({GOODS.format(file=file)}) WHERE quantity > 0 OR InvoiceNo LIKE 'C%'"
    ).fetchall()[0]
    lines = int(shop.facts.order_lines.count().to_pyarrow().as_py())
    assert lines == count[0]
    assert sum(health.skipped.values()) + count[0] + count[1] == 541_909
    assert health.skipped["negative stock adjustments"] == 1_336
    assert health.skipped["bad debt (A-invoices)"] == 3
    assert not health.rejected


def test_online_retail_returns_go_to_the_latest_earlier_purchase(online_retail: tuple[Shop, Path]) -> None:
    """Matched and unmatched units add up to all returned ones; each matched one is an earlier order of the customer."""
    shop, file = online_retail
    returned = duckdb.sql(f"SELECT -sum(quantity) FROM ({GOODS.format(file=file)}) WHERE InvoiceNo LIKE 'C%'").fetchall()
    refunds = shop.facts.returns.to_pyarrow().to_pylist()
    assert sum(row["returned_units"] for row in refunds) == returned[0][0]
    matched = [row for row in refunds if row["is_matched"]]
    assert 0.8 < len(matched) / len(refunds) < 0.9
    assert all(row["ordered_at"] < row["refunded_at"] and row["order_id"] is not None for row in matched)
    assert all(row["order_id"] is None for row in refunds if not row["is_matched"])


def test_online_retail_return_rate_is_by_month_of_the_order(online_retail: tuple[Shop, Path]) -> None:
    """The mug order of January 2011, 74,215 units and all returned, weighs on January although others came back later."""
    shop, _ = online_retail
    rate = {value.key: value for value in shop.metric("return_rate", by="month").values}
    assert rate["2011-01-01"].value == pytest.approx(0.22, abs=0.01)
    assert rate["2011-01-01"].numerator >= 74_215
    total = shop.metric("return_rate").values[0]
    assert total.numerator == sum(value.numerator for value in rate.values())
