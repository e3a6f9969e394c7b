"""What visitors are sliced by, and whether each slice got the declared shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import MONDAY, config, context, experiment, exposure, facts, later, purchase, rows
from counterclick.experiments.checks import sample_ratio_by_platform
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.measured import measure
from counterclick.experiments.traits import TRAITS, along, labelled
from counterclick.experiments.units import eligible
from counterclick.metrics import metric_named
from counterclick.stats import Moments
from experiments.arms import measured, spend


def heads(n: int) -> Moments:
    return Moments.from_values(["revenue", "buyers"], [[1.0, 1.0]] * n)


def test_the_ten_largest_stand_for_themselves() -> None:
    """Of twelve countries the two with least visitors are "other", whatever their arm; who names none is "unknown"."""
    shop = facts(
        *(
            exposure(f"v{i}-{n}", "ab"[n % 2], country=f"{chr(65 + i)}X")
            for i in range(12)
            for n in range(3 if i < 10 else 1)
        ),
        exposure("nobody", "a"),
    )
    units = eligible(shop.exposures("test"), config(), "UTC")
    counted = units.group_by("variant", *TRAITS).agg(n=units.count()).to_pyarrow().to_pylist()
    sizes, found = labelled({(row["variant"], *(row[name] for name in TRAITS)): row["n"] for row in counted}, units)
    countries = rows(found.group_by("country").agg(n=found.count()), "country", "n")
    assert countries == [*((f"{chr(65 + i)}X", 3) for i in range(10)), ("other", 2), ("unknown", 1)]
    assert set(rows(found, "device")) == {"unknown"}
    assert set(rows(found, "customer")) == {"new"}
    keys = ("variant", "customer", "device", "country")
    again = found.group_by(*keys).agg(n=found.count()).to_pyarrow().to_pylist()
    assert sizes == {tuple(row[key] for key in keys): row["n"] for row in again}


def test_moments_by_traits_are_those_of_each_slice() -> None:
    """Two phones of a spend 30 and 0, its returning desktop 50; cells add up to the arm and slices to the whole."""
    shop = context(
        *(exposure(v, "a", device="mobile") for v in ("v1", "v2")),
        exposure("v3", "a", device="desktop"),
        exposure("v4", "b", device="mobile"),
        purchase("v1", 30, later(MONDAY, hours=1)),
        purchase("v3", 20, "2026-01-04T10:00"),
        purchase("v3", 50, later(MONDAY, days=6)),
        purchase("v4", 99, later(MONDAY, days=8)),
    )
    found = measure(Cohort("test", config(), shop), [metric_named("revenue_per_visitor")])
    devices = along(found.by_traits, ["device"])
    assert list(devices) == [("mobile",), ("desktop",)]
    assert devices["mobile",]["a"] == Moments.from_values(["revenue", "buyers", "pre_revenue"], [[30, 1, 0], [0, 0, 0]])
    assert devices["desktop",]["a"].mean.tolist() == [50, 1, 20]
    assert devices["mobile",]["b"].mean.tolist() == [0, 0, 0]
    assert set(along(found.by_traits, ["customer", "device"])) == {("new", "mobile"), ("returning", "desktop")}
    whole = Moments.total(arms["a"] for arms in along(found.by_traits, ["country"]).values())
    assert whole.n == found.arms["a"].n == 3
    assert whole.sum_of("revenue") == found.arms["a"].sum_of("revenue") == 80


def platform(cells: dict[tuple[str, ...], int], **settings: Any) -> Any:
    found = replace(
        measured({"a": spend(100, 60), "b": spend(100, 60)}), by_traits={key: heads(n) for key, n in cells.items()}
    )
    return sample_ratio_by_platform(found, config(**settings))


def test_a_platform_that_loses_visitors_is_seen() -> None:
    """Phones 1,000 to 1,000, desktops 1,000 to 800, one country: p = 2.5e-6 of the desktops, twice for two slices."""
    check = platform(
        {
            ("a", "new", "mobile", "DE"): 1000,
            ("b", "new", "mobile", "DE"): 1000,
            ("a", "new", "desktop", "DE"): 1000,
            ("b", "new", "desktop", "DE"): 800,
        }
    )
    assert check.passed is False
    assert check.value == pytest.approx(2 * 2.43e-6, rel=0.01)
    assert "least likely slice device desktop of 2" in check.says
    even = platform({("a", "new", "mobile", "DE"): 1000, ("b", "new", "mobile", "DE"): 1000})
    assert (even.passed, even.value) == (None, None)


def test_small_slices_tell_nothing() -> None:
    """Fewer than ten expected in an arm are left out: 15 to 0 is no finding, 300 to 310 is none either."""
    check = platform(
        {
            ("a", "new", "mobile", "DE"): 300,
            ("b", "new", "mobile", "DE"): 310,
            ("a", "returning", "tv", "DE"): 15,
        }
    )
    assert check.passed
    assert " of 2: p = 1 (Bonferroni)" in check.says  # new customers and phones


def test_the_check_stands_among_the_preconditions() -> None:
    """A result names it, with what this shop's events say."""
    found = experiment(*(exposure(f"v{i}", "ab"[i % 2], device=("mobile", "tv")[i % 3 > 0]) for i in range(90))).result()
    check = next(each for each in found.checks if each.name == "sample ratio by platform")
    assert check.passed
    assert "of 2" in check.says
