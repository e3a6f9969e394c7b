"""Results as tables: what a page shows, and what a file holds of it."""

from __future__ import annotations

from counterclick.config import ShopConfig
from counterclick.display import Grid
from counterclick.web.dashboard.showing import table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Table


def test_the_ends_of_an_interval_are_columns_of_a_file() -> None:
    """A value with its interval, an interval alone, and what only looks like one."""
    rows = [
        ("a", "+3.2 % [+1.0 %, +5.4 %]", "[-1,200.50, 3,000]", "skip = [a, b]"),
        ("b", "EUR 1,234 [-EUR 3.00, unlimited]", "", "none"),
        ("c", "not known", "[0, 1]", "[surfaces.cart]"),
    ]
    table = table_of(Grid("Found", ("arm", "lift", "range", "note"), rows), Speech(ShopConfig(locale="de")), About("x"))
    assert isinstance(table, Table)
    assert table.heads == ["arm", "lift", "lift, low", "lift, high", "range", "range, low", "range, high", "note"]
    assert table.values == [
        ["a", "+3.2 %", "+1.0 %", "+5.4 %", "", "-1200.50", "3000", "skip = [a, b]"],
        ["b", "EUR 1,234", "-EUR 3.00", "unlimited", "", "", "", "none"],
        ["c", "not known", "", "", "", "0", "1", "[surfaces.cart]"],
    ]
    assert table.shown[0][1].text == "+3,2 % [+1,0 %, +5,4 %]"
