"""The report of a month: figures as they are known now, an audit as it stood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from builders import refund
from counterclick.shop import Shop
from months_shop import CLAIMS, ORDERS, TOML

EXPERIMENT = """
[experiments.{name}]
surface = "cart"
control = "nothing"
variants = {{ nothing = 0.5, b = 0.5 }}
starts_on = {starts_on}
ends_on = {ends_on}
"""


def test_figures_are_restated_and_the_audit_stands_as_it_stood(make_shop: Callable[[str], Shop]) -> None:
    """An order of February comes back in April: its month has 140 of 200 left; at February's end 500 + 200 were known."""
    shop = make_shop(TOML)
    shop.record((*ORDERS, *CLAIMS, refund("first", "2026-04-10T10:00")))
    found = shop.report("2026-02", compare=True)
    assert found.ledger.net_revenue == 140
    assert (found.audit.claims.ledger.revenue, found.audit.claims.ledger.net_revenue) == (700, 700)
    assert found.audit_of == date(2026, 2, 28)
    assert found.changes is not None
    says = {each.subject: each.says for each in found.changes.found if each.part == "shares of revenue"}
    assert says["claimed together"] == "Was: 100.0 % of the revenue of January 2026. Is: 253.5 % of that of February 2026."


def test_before_the_first_month_there_is_nothing_to_compare_with(make_shop: Callable[[str], Shop]) -> None:
    """It says so."""
    shop = make_shop("")
    shop.record(ORDERS[:1])
    found = shop.report("2026-01", compare=True)
    assert found.changes is None
    assert "Nothing is recorded of the month before" in str(found)


def test_a_quarter_holds_the_experiments_that_ended_in_it(make_shop: Callable[[str], Shop]) -> None:
    """One ended in March and has no visitors, one in April, one starts in March: the first quarter names the first alone."""
    days = {"a": ("2026-01-05", "2026-03-31"), "b": ("2026-03-01", "2026-04-01")}
    toml = TOML + "".join(EXPERIMENT.format(name=name, starts_on=s, ends_on=e) for name, (s, e) in days.items())
    shop = make_shop(toml)
    shop.record(ORDERS)
    found = shop.report("2026-02", quarter=True)
    quarter = found.quarter
    assert quarter is not None
    assert (quarter.name, quarter.first_on, quarter.last_on) == ("2026 Q1", date(2026, 1, 1), date(2026, 3, 31))
    assert [(each.ended.experiment, each.outcome) for each in quarter.experiments] == [("a", "no verdict")]
    assert quarter.sums == ()
    begun = [line.experiment for line in found.audit.claims.lines if line.experiment is not None]
    assert begun == ["a"]  # what starts in March is no part of February
