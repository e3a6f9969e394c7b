"""How results show."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.display import WIDTH, Grid, Shown, count, money, percent, plain, signed_percent

words = st.text(st.sampled_from("abcdef- 1,."), max_size=120)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    n = draw(st.integers(1, 8))
    columns = draw(st.one_of(st.just(("",) * n), st.lists(words, min_size=n, max_size=n)))
    cells = draw(st.lists(st.lists(words, min_size=n, max_size=n), min_size=1, max_size=4))
    return Grid(draw(words), columns, cells, draw(st.lists(words, max_size=2)), left=draw(st.integers(0, n)))


@given(grids())
def test_a_grid_never_exceeds_eighty_columns(grid: Grid) -> None:
    """Whatever stands in it, title and notes included; no word is lost."""
    text = str(grid)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    for row in grid.rows:
        for cell in row:
            assert set(cell) - {" "} <= set(text)


def test_a_small_grid() -> None:
    """The first column to the left, numbers to the right, a rule under the headings, notes below."""
    grid = Grid("Arms", ("arm", "visitors"), [("a", "1,000"), ("bundles", "20")], ("That is all.",))
    assert str(grid).splitlines() == [
        "Arms",
        "arm      visitors",
        "-------  --------",
        "a           1,000",
        "bundles        20",
        "That is all.",
    ]


def test_long_cells_wrap_within_their_column() -> None:
    """A sentence in a table without headings goes on below itself."""
    grid = Grid("", ("", ""), [("because", "word " * 30)], left=2)
    lines = str(grid).splitlines()
    assert len(lines) == 3
    assert all(line.startswith((" " * 9, "because  ")) for line in lines)


def test_html_is_escaped() -> None:
    """Names of arms and products are text, never markup."""
    bad = "<script>alert('x')</script>"
    html = Grid(bad, (bad, "n"), [(bad, "1")], (bad,))._repr_html_()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 4


def test_a_result_shows_its_grids() -> None:
    """As text and in a notebook."""

    class Two(Shown):
        def grids(self) -> list[Grid]:
            return [Grid("One", (), ()), Grid("Two", (), ())]

    assert str(Two()) == "One\n\nTwo"
    assert Two()._repr_html_() == "<h4>One</h4>\n<h4>Two</h4>"
    with pytest.raises(NotImplementedError):
        str(Shown())


def test_plain_is_what_json_knows() -> None:
    """Infinite and missing numbers become null; dates are ISO 8601; decimals stay exact, as text."""

    @dataclass
    class Inner:
        value: float
        others: tuple[Any, ...]

    found = plain(
        {
            "inner": Inner(math.inf, (1, None, "x", True)),
            "nan": math.nan,
            "day": date(2026, 1, 5),
            "at": datetime(2026, 1, 5, tzinfo=UTC),
            "exact": Decimal("1.10"),
            3: [np.float64(0.5), np.int64(7), np.float64(-math.inf), np.bool_(1)],
        }
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "inner": {"value": None, "others": [1, None, "x", True]},
        "nan": None,
        "day": "2026-01-05",
        "at": "2026-01-05T00:00:00+00:00",
        "exact": "1.10",
        "3": [0.5, 7, None, True],
    }


def test_figures() -> None:
    """Cents below a thousand, signs in front, no infinity in figures."""
    assert [money(x, "EUR") for x in (999.994, 1000, -1234.5, Decimal("0.5"), math.inf)] == [
        "EUR 999.99",
        "EUR 1,000",
        "-EUR 1,234",
        "EUR 0.50",
        "unlimited",
    ]
    assert [percent(0.055), percent(1.5, 0), percent(math.inf)] == ["5.5 %", "150 %", "unlimited"]
    assert [signed_percent(x) for x in (0.1, -0.1, math.inf)] == ["+10.0 %", "-10.0 %", "unlimited"]
    assert count(1234.6) == "1,235"


def test_control_characters_never_reach_the_terminal() -> None:
    """An id that would clear the screen, ring the bell or turn the text around is shown with question marks."""
    text = str(Grid("t", ("a",), [("\x1b[2Jred\x07\u202e",)]))
    assert text.splitlines()[-1] == "?[2Jred??"
