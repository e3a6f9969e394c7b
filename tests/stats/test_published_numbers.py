"""Published numbers, each reproduced; what the product refuses to show is reproduced here only."""

from __future__ import annotations

import csv
import math
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from scipy.stats import norm, t

from counterclick.stats import (
    Moments,
    anytime_reach,
    benjamini_hochberg,
    fieller_lift,
    log_ratio_lift,
    obrien_fleming_spending,
    sample_ratio,
    spending_bounds,
    welch_difference,
)

if TYPE_CHECKING:
    from pathlib import Path

Vectors = dict[str, dict[str, Any]]


def revenue(sums: dict[str, float]) -> Moments:
    return Moments.from_sums(["revenue"], int(sums["n"]), [sums["sum"]], [[sums["sumsq"]]])


def arms(vector: dict[str, Any]) -> tuple[Moments, Moments]:
    return revenue(vector["inputs"]["control"]), revenue(vector["inputs"]["treatment"])


def basket(sums: dict[str, float]) -> Moments:
    return Moments.from_sums(
        ["revenue", "orders"],
        int(sums["n"]),
        [sums["num_sum"], sums["den_sum"]],
        [[sums["num_sumsq"], sums["prod"]], [sums["prod"], sums["den_sumsq"]]],
    )


def delta_relative(base: float, base_variance: float, top: float, top_variance: float) -> tuple[float, float]:
    """Return lift and standard error of the symmetric delta-method interval, which the product refuses."""
    ratio = top / base
    return ratio - 1, math.sqrt(top_variance / base**2 + base_variance * ratio**2 / base**2)


def test_welch_absolute_difference(vectors: Vectors) -> None:
    """GrowthBook's absolute two-sided t-test."""
    vector = vectors["welch_abs"]
    ours, want = welch_difference(*arms(vector), "revenue"), vector["expected"]
    got = (ours.value, ours.lower, ours.upper, ours.se, ours.p_value)
    assert got == pytest.approx((want["diff"], *want["ci"], want["se"], want["p"]), abs=vector["tolerance"])


def test_symmetric_delta_interval_hides_what_the_welch_test_sees(vectors: Vectors) -> None:
    """GrowthBook's relative test on the same data gives p = .062 where the absolute one gives .020."""
    vector = vectors["delta_relative_same_data"]
    control, treatment = arms(vector)
    base, top = control.variance_of("revenue") / control.n, treatment.variance_of("revenue") / treatment.n
    lift, se = delta_relative(control.mean_of("revenue"), base, treatment.mean_of("revenue"), top)
    df = (base + top) ** 2 / (base**2 / (control.n - 1) + top**2 / (treatment.n - 1))
    reach, p_value = t.ppf(0.975, df) * se, 2 * t.sf(lift / se, df)
    want = vector["expected"]
    expected = (want["rel"], *want["ci"], want["se"], want["p"])
    assert (lift, lift - reach, lift + reach, se, p_value) == pytest.approx(expected, abs=vector["tolerance"])
    assert welch_difference(control, treatment, "revenue").p_value < 0.05 < p_value


def test_fieller_on_the_same_data(vectors: Vectors) -> None:
    """Fieller's interval excludes zero on the same data, as the Welch test does."""
    vector = vectors["fieller_same_data"]
    ours = fieller_lift(*arms(vector), "revenue")
    assert (ours.lower, ours.upper) == pytest.approx(vector["expected"]["ci"], abs=vector["tolerance"])


def test_log_ratio_on_the_same_data(vectors: Vectors) -> None:
    """The log-ratio interval on the same data, whose source rounds the normal quantile to 1.96."""
    vector = vectors["log_ratio_same_data"]
    level = 2 * norm.cdf(1.96) - 1
    ours, want = log_ratio_lift(*arms(vector), "revenue", level=level), vector["expected"]
    got = (ours.lower, ours.upper, ours.p_value)
    assert got == pytest.approx((*want["ci"], want["p"]), abs=vector["tolerance"])


def test_ratio_metric_agrees_in_sign_and_significance(vectors: Vectors) -> None:
    """PostHog's relative delta interval of a ratio is reproduced, and ours concludes the same."""
    vector = vectors["ratio_delta_relative"]
    control, treatment = basket(vector["inputs"]["control"]), basket(vector["inputs"]["treatment"])

    def ratio(arm: Moments) -> tuple[float, float]:
        top, below = arm.mean_of("revenue"), arm.mean_of("orders")
        variance = (
            arm.variance_of("revenue") / below**2
            - 2 * top * arm.covariance_of("revenue", "orders") / below**3
            + top**2 * arm.variance_of("orders") / below**4
        )
        return top / below, variance / arm.n

    lift, se = delta_relative(*ratio(control), *ratio(treatment))
    want = vector["expected"]
    reach, p_value = norm.ppf(0.975) * se, 2 * norm.sf(lift / se)
    got = (lift, lift - reach, lift + reach, p_value)
    assert got == pytest.approx((want["rel"], *want["ci"], want["p"]), abs=vector["tolerance"])
    ours = log_ratio_lift(control, treatment, "revenue", "orders")
    assert ours.value == pytest.approx(lift)
    assert 0 < ours.lower < ours.upper
    assert ours.p_value == pytest.approx(p_value, abs=1e-3)


def test_welch_of_spotify_confidence(vectors: Vectors) -> None:
    """Spotify Confidence's t-test."""
    vector = vectors["welch_spotify"]
    ours = welch_difference(*arms(vector), "revenue")
    assert ours.p_value == pytest.approx(vector["expected"]["p"], abs=vector["tolerance"])


@pytest.mark.parametrize("name", ["srm_cookie_cats", "srm_posthog_84351"])
def test_sample_ratio_mismatches(vectors: Vectors, name: str) -> None:
    """Two known sample ratio mismatches, one of them at 2.4e-149."""
    vector = vectors[name]
    ours = sample_ratio(vector["inputs"]["counts"], vector["inputs"]["weights"])
    assert ours.p_value == pytest.approx(vector["expected"]["p"], rel=vector["tolerance"])
    if "chi2" in vector["expected"]:
        assert ours.chi2 == pytest.approx(vector["expected"]["chi2"], rel=vector["tolerance"])


def test_false_discovery_rate_of_tea_tasting(vectors: Vectors) -> None:
    """tea-tasting's Benjamini-Hochberg example."""
    vector = vectors["bh_fdr"]
    ours = benjamini_hochberg(vector["inputs"]["p"])
    assert ours == pytest.approx(vector["expected"]["adj"], abs=vector["tolerance"])


@pytest.mark.parametrize("name", ["hillstrom_spend_mens", "hillstrom_spend_womens"])
def test_hillstrom_spend(vectors: Vectors, name: str) -> None:
    """Spend in Hillstrom's e-mail test, from its sums."""
    vector = vectors[name]
    ours, want = welch_difference(*arms(vector), "revenue"), vector["expected"]
    got = (ours.value, ours.lower, ours.upper, ours.statistic, ours.df, ours.p_value)
    expected = (want["diff"], *want["ci"], want["t"], want["df"], want["p"])
    assert got == pytest.approx(expected, rel=vector["tolerance"])


def test_hillstrom_spend_from_the_file(vectors: Vectors, data_folder: Path) -> None:
    """The file of visitors itself gives the published difference, not only its sums."""
    path = next(data_folder.glob("hillstrom/**/*.csv"), None)
    if path is None:
        pytest.skip(f"no csv in {data_folder / 'hillstrom'}; only the sums are checked")
    spend: dict[str, list[float]] = {"Mens E-Mail": [], "Womens E-Mail": [], "No E-Mail": []}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            spend[row["segment"]].append(float(row["spend"]))
    moments = {segment: Moments.from_values(["revenue"], values) for segment, values in spend.items()}
    ours = welch_difference(moments["No E-Mail"], moments["Mens E-Mail"], "revenue")
    want = vectors["hillstrom_spend_mens"]["expected"]
    assert (ours.value, ours.statistic) == pytest.approx((want["diff"], want["t"]), rel=1e-9)


def fnv1a(text: str) -> int:
    """Return the 32-bit FNV-1a hash of another system; the product assigns with SHA-256."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) % 2**32
    return value


def test_assignment_hash_of_another_system(vectors: Vectors) -> None:
    """GrowthBook's two hashes and its refusal of an unknown version."""
    for seed, value, version, expected in vectors["assignment_hash"]["inputs"]:
        if version == 1:
            got = fnv1a(value + seed) % 1000 / 1000
        elif version == 2:
            got = fnv1a(str(fnv1a(seed + value))) % 10000 / 10000
        else:
            got = None
        assert got == expected


def test_paid_search_of_ebay(vectors: Vectors, data_folder: Path) -> None:
    """Taddy's estimate of eBay's paid search: mean log revenue of days by region and period, treated less control."""
    path = data_folder / "paidsearch" / "paidsearch.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    logs: dict[tuple[str, str], dict[str, list[float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            region = logs.setdefault((row["search stays on"], row["dma"]), {"0": [], "1": []})
            region[row["treatment_period"]].append(math.log(float(row["revenue"])))
    moved: dict[str, list[float]] = {"0": [], "1": []}
    for (stays_on, _), days in logs.items():
        moved[stays_on].append(fmean(days["1"]) - fmean(days["0"]))
    vector = vectors["ebay_did"]
    want = vector["expected"]
    control, treated = (Moments.from_values(["moved"], moved[stays_on]) for stays_on in ("1", "0"))
    assert (treated.n, control.n) == (want["n_treated"], want["n_control"])
    ours = welch_difference(control, treated, "moved")
    assert (ours.value, ours.se) == pytest.approx((want["est"], want["se"]), abs=vector["tolerance"])


@pytest.mark.parametrize("name", ["ldbounds_obf_4", "ldbounds_obf_5"])
def test_obrien_fleming_bounds_of_ldbounds(vectors: Vectors, name: str) -> None:
    """Lan-DeMets bounds at four and five equal looks, 2.5 % on each side."""
    vector = vectors[name]
    times = vector["inputs"]["times"]
    side = vector["inputs"]["alpha_two_sided"] / 2
    ours = spending_bounds(times, [obrien_fleming_spending(time, side) for time in times])
    assert ours == pytest.approx(vector["expected"]["z"], abs=vector["tolerance"])


def test_obrien_fleming_spending_of_expan(vectors: Vectors) -> None:
    """The two-sided form of the spending function."""
    vector = vectors["obf_spend_two_sided_form"]
    ours = [obrien_fleming_spending(time, 0.05) for time in vector["inputs"]["t"]]
    assert ours == pytest.approx(vector["expected"]["alpha"], abs=vector["tolerance"])


@pytest.mark.parametrize("name", ["asymp_cs_rel_nstar1000", "asymp_cs_prop_nstar5000"])
def test_confidence_sequence_of_growthbook(vectors: Vectors, name: str) -> None:
    """Our reach on the other system's relative standard error, which the product does not use, gives its interval."""
    vector = vectors[name]
    sides = []
    for arm in ("control", "treatment"):
        sums = vector["inputs"][arm]
        n = sums["n"]
        total = sums.get("sum", sums.get("successes"))
        mean = total / n
        variance = mean * (1 - mean) if "successes" in sums else (sums["sumsq"] - total**2 / n) / (n - 1)
        sides.append((mean, variance / n))
    lift, se = delta_relative(*sides[0], *sides[1])
    visitors = vector["inputs"]["control"]["n"] + vector["inputs"]["treatment"]["n"]
    reach = anytime_reach(visitors, vector["inputs"]["nstar"], 1 - vector["inputs"]["alpha"]) * se
    want = vector["expected"]
    assert (lift, se) == pytest.approx((want["rel"], want["se"]), abs=vector["tolerance"])
    assert (lift - reach, lift + reach) == pytest.approx(want["ci"], abs=vector["tolerance"])
