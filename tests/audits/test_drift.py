"""Proxy drift: which experiments and series alarm, which do not, and what they say."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simulate_asos
from simulate_drift import asos_agreement, asos_pairs

from counterclick.audits import Compared, Drift, drift_audit
from counterclick.audits.drift_experiments import agreement_of
from counterclick.audits.drift_plot import format_of, write_plot
from counterclick.display import WIDTH, plain
from counterclick.errors import InputError, RefusedError
from counterclick.metrics import MetricValue, Weekly, metric_named
from counterclick.stats import Moments, log_ratio_lift
from counterclick.verdicts import Verdict
from data_folder import data_file

NAMES = ("clicks", "impressions", "session_seconds", "sessions", "messages", "revenue")
MONDAYS = [(date(2026, 1, 5) + timedelta(weeks=week)).isoformat() for week in range(60)]
WON = "no alarm: the surface has won"


def arm(rate: float, mean: float = 4.0, n: int = 20_000, seed: int = 1, **more: Any) -> Moments:
    """Moments of visitors who see two lists each; exactly this share of them is clicked, one visitor in twenty buys."""
    rng = np.random.default_rng(seed)
    clicks = np.zeros(n)
    clicks[rng.permutation(n)[: round(2 * n * rate)]] = 1
    revenue = np.where(rng.random(n) < 0.05, rng.uniform(0.5, 1.5, n), 0.0)
    columns = {
        "clicks": clicks,
        "impressions": np.full(n, 2),
        "session_seconds": np.zeros(n),
        "sessions": np.zeros(n),
        "messages": np.zeros(n),
        "revenue": revenue * mean / revenue.mean(),
    } | {name: np.full(n, value) if np.isscalar(value) else value for name, value in more.items()}
    return Moments.from_values(NAMES, np.column_stack([columns[name] for name in NAMES]))


def verdict(outcome: Any = "lost", lift: Any = (-0.1, -0.15, -0.05), break_even: float | None = None) -> Verdict:
    return Verdict(
        "nudges", "bait", "plain", outcome, "so it is", "revenue_per_visitor", revenue_lift=lift, break_even_lift=break_even
    )


def compared(told: Verdict | str | None = None, **more: Any) -> Compared:
    """An experiment in which clicks went from 5 % to 8 % and revenue per visitor from 4.0 to 3.6, unless told otherwise."""
    usual: dict[str, Any] = {
        "arms": {"plain": arm(0.05), "bait": arm(0.08, 3.6, seed=2)},
        "until": date(2026, 3, 1),
        "control": "plain",
        "verdict": verdict() if told is None else told,
    }
    return Compared(**{"experiment": "nudges", "surface": "nudges", "treatment": "bait"} | usual | more)


def audit(*several: Compared, **more: Any) -> Drift:
    return drift_audit(**{"compared": several, "series": (), "whole_weeks": ()} | more)


def test_a_click_bait_alarms() -> None:
    """Clicks up by 60 %, revenue lost: one alarm, of an experiment, by the ctr; the sentence has both numbers."""
    found = audit(compared())
    assert [(alarm.surface, alarm.source, alarm.proxies) for alarm in found.alarms] == [("nudges", "experiment", ("ctr",))]
    assert found.experiments[0].status == "alarm"
    assert "ctr is up +60.0 % [" in found.alarms[0].because
    assert "revenue moved by -10.0 % [-15.0 %, -5.0 %]: lost" in found.alarms[0].because
    ctr = found.experiments[0].proxies[0]
    assert ctr.lift is not None
    assert ctr.lift.value == pytest.approx(0.6)
    assert ctr.gap is not None
    assert ctr.gap.value == pytest.approx(np.log(1.6) - np.log(3.6 / 4.0))


def test_a_surface_that_has_won_never_alarms() -> None:
    """Clicks +40 % and revenue +5 % [1, 9] is good news, whatever the break-even lift."""
    arms = {"plain": arm(0.05), "bait": arm(0.07, 4.2, seed=2)}
    found = audit(compared(verdict("won", (0.05, 0.01, 0.09), 0.2), arms=arms))
    assert found.alarms == ()
    assert found.experiments[0].status == WON
    assert found.experiments[0].proxies[0].risen
    assert "good news" in found.experiments[0].because


@pytest.mark.parametrize(
    ("outcome", "lift", "break_even", "status", "says"),
    [
        ("lost", (-0.1, -0.15, -0.05), None, "alarm", "lost"),
        ("inconclusive", (0.0, -0.02, 0.02), 0.03, "alarm", "all of it below the break-even lift of 3.0 %"),
        ("inconclusive", (0.0, -0.02, 0.02), 0.01, "cannot tell yet", "may still reach the break-even lift of 1.0 %"),
        ("inconclusive", (0.0, -0.02, 0.02), None, "cannot tell yet", "break-even lift is not known"),
        ("inconclusive", (-0.05, -0.09, -0.01), None, "alarm", "all of it below zero"),
        ("inconclusive", None, 0.03, "cannot tell yet", "revenue's lift is not known: so it is"),
        ("invalid", (-0.1, -0.15, -0.05), 0.03, "cannot tell yet", "invalid: so it is"),
    ],
)
def test_the_rule(outcome: str, lift: Any, break_even: float | None, status: str, says: str) -> None:
    """Clicks are up in every row; what is known of revenue decides."""
    line = audit(compared(verdict(outcome, lift, break_even))).experiments[0]
    assert line.status == status
    assert says in line.because


def test_without_a_verdict_or_a_look_nothing_is_told() -> None:
    """A refusal is passed on; before the first look even a loss that is seen does not alarm."""
    assert audit(compared("too few buyers")).experiments[0].because == "no verdict: too few buyers"
    early = audit(compared(until=None))
    assert (early.alarms, early.experiments[0].because) == ((), "no look has been taken yet")


def test_arms_that_cannot_be_compared_are_not(tmp_path: Path) -> None:
    """A lost verdict without moments: why there are none stands in the line, nothing alarms, and nothing can be drawn."""
    found = audit(compared(arms={}, refused="shares were changed"))
    assert found.experiments[0].because.endswith("no proxy is shown to be up further (shares were changed)")
    assert found.alarms == ()
    with pytest.raises(RefusedError, match="nothing to draw"):
        write_plot(found, tmp_path / "a.svg")


@pytest.mark.parametrize(("rate", "mean"), [(0.05, 3.6), (0.045, 3.6), (0.08, 8.0)])
def test_a_proxy_that_is_not_up_or_not_further_up_than_revenue_does_not_alarm(rate: float, mean: float) -> None:
    """Clicks as before, fewer clicks, and clicks +60 % beside a revenue that doubled, on a verdict of lost."""
    arms = {"plain": arm(0.05), "bait": arm(rate, mean, seed=1)}
    line = audit(compared(arms=arms)).experiments[0]
    assert line.status == "cannot tell yet"
    assert "no proxy is shown to be up further" in line.because


def test_several_proxies_are_adjusted_by_holm() -> None:
    """A ctr with p below .025 alarms alone; beside three more proxies its p is four times that, and it does not."""
    arms = {"plain": arm(0.05, n=5000), "bait": arm(0.0568, 3.2, n=5000, seed=2)}
    alone = audit(compared(arms=arms)).experiments[0]
    rng = np.random.default_rng(1)
    more = {
        "session_seconds": rng.uniform(0, 9, 5000),
        "sessions": rng.integers(1, 3, 5000),
        "messages": rng.integers(0, 2, 5000),
    }
    beside = {"plain": arm(0.05, n=5000, **more), "bait": arm(0.0568, 3.2, n=5000, seed=2, **more)}
    together = audit(compared(arms=beside)).experiments[0]
    assert [each.proxy for each in together.proxies] == [
        "ctr",
        "session_length",
        "sessions_per_visitor",
        "messages_per_visitor",
    ]
    p_alone, p_together = alone.proxies[0].p_adjusted, together.proxies[0].p_adjusted
    assert p_alone is not None
    assert 0.007 < p_alone < 0.025
    assert p_together == pytest.approx(4 * p_alone)
    assert (alone.status, together.status) == ("alarm", "cannot tell yet")


def test_a_wider_interval_of_an_early_look_needs_more() -> None:
    """What alarms at 95 % does not at the confidence of a first look, 99.998 %."""
    arms = {"plain": arm(0.05, n=5000), "bait": arm(0.0568, 3.2, n=5000, seed=2)}
    assert audit(compared(arms=arms)).alarms
    assert not audit(compared(arms=arms, level=0.99998)).alarms


def test_a_control_that_shows_nothing_has_no_ratio_of_clicks() -> None:
    """No clicks and no impressions in the control: a sentence, no number, no alarm, and the other proxies stand."""
    seconds = {"session_seconds": np.arange(20_000) % 7 + 1.0, "sessions": 1.0}
    arms = {"nothing": arm(0.05, clicks=0, impressions=0, **seconds), "bait": arm(0.08, 3.6, seed=2, **seconds)}
    found = audit(compared(arms=arms, control="nothing"))
    ctr, length = found.experiments[0].proxies[:2]
    assert (ctr.lift, ctr.gap, ctr.risen) == (None, None, False)
    assert ctr.refused == "the control shows nothing: no ratio of clicks"
    assert length.lift is not None
    assert found.alarms == ()
    assert "the control shows nothing: no ratio of clicks" in str(found)


def test_a_surface_without_an_experiment_is_listed() -> None:
    """The chat has none: nobody can know."""
    found = audit(compared(), surfaces=["chat", "nudges"])
    assert [(line.surface, line.status) for line in found.experiments] == [("nudges", "alarm"), ("chat", "cannot tell yet")]
    assert "no experiment" in found.experiments[1].because


# -- over months ---------------------------------------------------------------------------------------------------


def weeks_of(name: str, values: Any, surface: str | None = None, denominator: float = 1000.0) -> Weekly:
    figures = [
        MetricValue(week, value, value * denominator, denominator) for week, value in zip(MONDAYS, values, strict=False)
    ]
    return Weekly(metric_named(name), surface, tuple(figures))


def trending(n: int, a_week: float, level: float = 1.0, seed: int = 1) -> np.ndarray:
    """A series that moves by so much a week, with half a percent of noise."""
    return level * np.exp(np.log1p(a_week) * np.arange(n) + 0.005 * np.random.default_rng(seed).standard_normal(n))


def months(ctr: Any, revenue: Any, orders: float = 0.1, **more: Any) -> Drift:
    """A shop of a thousand visitors a week, so many orders each."""
    n = len(revenue)
    series = [
        weeks_of("ctr", ctr, "cart"),
        weeks_of("net_revenue_per_visitor", revenue),
        weeks_of("orders_per_visitor", np.full(n, orders)),
        weeks_of("cart_value_per_visitor", trending(n, 0.0, 9.0, 3)),
    ]
    return audit(**{"series": series, "whole_weeks": MONDAYS[:n]} | more)


def test_clicks_that_rise_while_revenue_falls_alarm_as_observational() -> None:
    """Twelve weeks, clicks +3 % and revenue -2 % a week: the gap is 5 % a week, and the alarm is labelled."""
    found = months(trending(12, 0.03, 0.1), trending(12, -0.02, 4.0, 2))
    (line,) = found.series
    assert line.status == "alarm"
    assert [(alarm.surface, alarm.source) for alarm in found.alarms] == [("cart", "observational")]
    assert line.gap is not None
    assert line.gap.value == pytest.approx(np.log(1.03 / 0.98), abs=0.003)
    assert line.n_orders == 1200
    assert "Observational alarm: cart" in str(found)


@pytest.mark.parametrize(("clicks", "revenue"), [(0.03, 0.01), (0.03, 0.0), (0.0, -0.02), (-0.03, -0.05)])
def test_clicks_that_rise_with_revenue_or_do_not_rise_do_not_alarm(clicks: float, revenue: float) -> None:
    """Faster than a revenue that rises or stands, or falling less than it: no alarm."""
    found = months(trending(12, clicks, 0.1), trending(12, revenue, 4.0, 2))
    assert found.series[0].status == "cannot tell yet"
    assert not found.alarms


@pytest.mark.parametrize(("outcome", "revenue", "status"), [("won", -0.02, WON), ("lost", 0.0, "alarm")])
def test_the_verdict_on_the_surface_counts_over_months_as_well(outcome: str, revenue: float, status: str) -> None:
    """After a win nothing alarms; after a loss rising clicks do, without a fall of revenue. The last verdict counts."""
    lift = (0.05, 0.01, 0.09) if outcome == "won" else (-0.1, -0.15, -0.05)
    before = compared(verdict("lost" if outcome == "won" else "won"), surface="cart", experiment="before")
    later = compared(verdict(outcome, lift), surface="cart", experiment="later")
    found = months(trending(12, 0.03, 0.1), trending(12, revenue, 4.0, 2), compared=[before, later])
    assert found.series[0].status == status


def test_what_is_missing_is_said() -> None:
    """Three weeks are too few, 190 orders are, and a week without clicks has no logarithm."""
    assert months([0.1] * 3, [4.0] * 3).series[0].because == "needs 4 whole weeks; there are 3"
    few = months(trending(5, 0, 0.1), trending(5, 0, 4.0, 2), orders=0.038).series[0]
    assert (few.because, few.n_orders) == ("needs 200 orders; 5 weeks have 190", 190)
    assert months(trending(5, 0, 0.1), trending(5, 0, 4.0, 2), orders=0.04).series[0].gap is not None
    clicks = trending(6, 0, 0.1)
    clicks[2] = 0
    gap = months(clicks, trending(6, 0, 4.0, 2)).series[0]
    assert (gap.because, gap.gap) == (f"no clicks in the week of {MONDAYS[2]}: no ratio", None)
    assert str(months([0.1] * 3, [4.0] * 3)).count("needs 4 whole weeks; there are 3") == 1


def test_the_weeks_in_which_a_surface_came_or_went_are_left_out() -> None:
    """Weeks 3 to 9 of twelve: the third and the ninth may not be whole, five are left; of sixty weeks the last 52 count."""
    clicks = trending(12, 0, 0.1)
    clicks[:2] = clicks[9:] = 0
    assert months(clicks, trending(12, 0, 4.0, 2)).series[0].weeks == tuple(MONDAYS[3:8])
    assert months(trending(60, 0, 0.1), trending(60, 0, 4.0, 2)).series[0].weeks == tuple(MONDAYS[8:60])


# -- agreement -----------------------------------------------------------------------------------------------------


def test_agreement_is_told_from_ten_experiments_on() -> None:
    """Eight of ten have clicks and revenue in one direction; of nine it is only said that there are nine."""
    up, down = {"plain": arm(0.05), "bait": arm(0.08, 4.4, seed=2)}, {"plain": arm(0.05), "bait": arm(0.08, 3.6, seed=2)}
    tests = [compared(arms=up if number < 8 else down, experiment=f"e{number}") for number in range(10)]
    both, of_surface = audit(*tests).agreement
    assert (both.surface, of_surface.surface) == (None, "nudges")
    assert (both.proxy, both.n, both.agreed, both.n_significant, both.agreed_significant) == ("ctr", 10, 8, 10, 8)
    assert (both.lower, both.upper) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)  # SciPy's binomtest, exact
    nine = audit(*tests[:9])
    assert (nine.agreement, nine.n_experiments["ctr"]) == ((), 9)
    assert "there are: ctr 9" in str(nine)


def test_invalid_experiments_are_no_evidence_of_agreement() -> None:
    """Ten of them count as none."""
    found = audit(*(compared(verdict("invalid"), experiment=f"e{number}") for number in range(10)))
    assert (found.agreement, found.n_experiments["ctr"]) == ((), 0)


def test_agreement_of_fewer_than_ten_is_refused() -> None:
    """The reason names how many there are."""
    lift = log_ratio_lift(arm(0.05), arm(0.08, seed=2), "clicks")
    with pytest.raises(RefusedError, match="there are 9"):
        agreement_of("ctr", [(lift, lift)] * 9)


def test_two_metrics_of_asos_agree_in_75_of_94() -> None:
    """The same pairs and opposite signs as in the replay of all checkpoints; 34 of the 37 where either is significant."""
    folder = data_file("asos", simulate_asos.FILE).parent
    found, replay = asos_agreement(folder), simulate_asos.agreement(simulate_asos.replayed(folder))
    assert (found.n, found.agreed) == (replay.pairs, replay.pairs - replay.opposite) == (94, 75)
    assert (found.n_significant, found.agreed_significant) == (37, 34)
    assert (found.lower, found.upper) == pytest.approx((0.702, 0.874), abs=0.001)
    assert len(asos_pairs(folder)) == 94


# -- what it looks like --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> Drift:
    """Experiments, series and alarms."""
    return months(trending(12, 0.03, 0.1), trending(12, -0.02, 4.0, 2), compared=[compared()], surfaces=["chat"])


def test_it_fits_eighty_columns_and_is_plain(whole: Drift) -> None:
    """Text of at most 80 columns, and JSON with the alarms in it."""
    assert max(len(row) for row in str(whole).splitlines()) <= WIDTH
    assert [alarm["source"] for alarm in plain(whole)["alarms"]] == ["experiment", "observational"]


def test_it_is_drawn_as_svg_and_png(whole: Drift, tmp_path: Path) -> None:
    """Both formats by their suffix; the same audit gives the same bytes of SVG, with its words in it."""
    for name in ("a.svg", "b.SVG", "c.png"):
        write_plot(whole, tmp_path / name)
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for words in ("nudges: alarm", "observational", "ctr, cart (alarm)", "lift, %", "index, first weeks = 100"):
        assert words in svg
    assert (tmp_path / "b.SVG").read_text(encoding="utf-8") == svg
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_said(whole: Drift, tmp_path: Path) -> None:
    """Another suffix, a folder that is not there, and an audit without anything to draw."""
    for name in ("plot.pdf", "plot"):
        with pytest.raises(InputError, match=r"\.svg or \.png"):
            format_of(tmp_path / name)
    with pytest.raises(InputError, match="cannot be written"):
        write_plot(whole, tmp_path / "nowhere" / "a.svg")
    with pytest.raises(RefusedError, match="nothing to draw yet"):
        write_plot(audit(), tmp_path / "a.svg")
