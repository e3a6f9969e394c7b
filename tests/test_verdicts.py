"""The only thing ever concluded, and how it reads."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from counterclick.display import plain
from counterclick.verdicts import Check, Contrast, Money, Verdict


def verdict(**fields: Any) -> Verdict:
    usual: dict[str, Any] = {
        "experiment": "chat",
        "treatment": "assistant",
        "control": "nothing",
        "outcome": "won",
        "because": "it sold more",
        "metric": "revenue_per_visitor",
        "lift": 0.1,
        "lift_lower": 0.05,
        "lift_upper": math.inf,
        "p_value": 0.0004,
        "incremental": Money(1200.0, 600.0, math.inf, "EUR"),
        "meanwhile": "Serve it.",
    }
    return Verdict(**usual | fields)


def test_a_verdict_reads_top_down() -> None:
    """What, why, how much, what to do."""
    lines = str(verdict()).splitlines()
    assert lines[0] == "chat: WON"
    starts = [line.split("  ")[0] for line in lines[1:]]
    assert starts == ["contrast", "because", "lift of revenue_per_visitor", "incremental, a month", "meanwhile"]
    assert "+10.0 % [+5.0 %, unlimited] (95 %), p = 0.0004" in str(verdict())
    assert "EUR 1,200 [EUR 600.00, unlimited]" in str(verdict())


def test_everything_it_rests_on_is_shown() -> None:
    """Break-even, exaggeration risk of a win, returns, guardrails, checks in their three states, warnings."""
    shown = str(
        verdict(
            break_even_lift=0.02,
            returns="open until 2026-03-01",
            guardrails={"margin_per_visitor": "shown"},
            checks=(
                Check("sample ratio", True, 0.5, 0.001, "fine"),
                Check("unmatched revenue", False, 0.2, 0.05, "too much"),
                Check("balance", None, None, 0.001, "nothing before"),
            ),
            warnings=("Mind the gap.",),
            numbers={"power_at_smallest_meaningful": 0.3, "exaggeration_at_smallest_meaningful": 1.84},
        )
    )
    for part in (
        "2.00 %",
        "if the truth were only break-even: 30 % power, and a win would overstate it 1.8 times",
        "open until 2026-03-01",
        "guardrail margin_per_visitor shown",
        "holds: fine",
        "FAILS: too much",
        "cannot tell: nothing before",
        "Mind the gap.",
    ):
        assert part in " ".join(shown.split())


def test_the_exaggeration_risk_is_of_wins_alone() -> None:
    """And it names what it is reckoned at where no break-even lift is known."""
    numbers = {"power_at_smallest_meaningful": 0.5, "exaggeration_at_smallest_meaningful": 1.4}
    assert "if the truth were only the smallest visible lift: 50 % power" in " ".join(str(verdict(numbers=numbers)).split())
    assert "exaggeration" not in str(verdict(outcome="lost", numbers=numbers))


def test_contrasts_are_a_second_table() -> None:
    """With their adjusted p, money and warnings; a refused one says why."""
    beside = (
        Contrast("static", "nothing", 0.8, 0.4, 1.3, 0.01, Money(900.0, 1.0, 2.0, "EUR"), ("Too good.",)),
        Contrast("other", "nothing", None, None, None, None, None, ("no buyers",)),
    )
    grids = verdict(contrasts=beside).grids()
    assert grids[1].title == "Beside the verdict (Holm-adjusted)"
    assert grids[1].rows == [
        ("static against nothing", "+80.0 %", "[+40.0 %, +130.0 %]", "0.01", "EUR 900.00"),
        ("other against nothing", "refused", "", "", ""),
    ]
    assert list(grids[1].notes) == ["Too good.", "no buyers"]
    assert len(verdict().grids()) == 1


@pytest.mark.parametrize("kind", [None, "needs more weeks"])
def test_the_title_names_the_kind(kind: Any) -> None:
    """Inconclusive, always with which kind."""
    title = verdict(outcome="inconclusive", kind=kind, lift=None).grids()[0].title
    assert title == "chat: INCONCLUSIVE" + (f" ({kind})" if kind else "")


def test_a_verdict_is_json() -> None:
    """Unlimited ends are null, all else as it stands."""
    found = json.loads(json.dumps(plain(verdict()), allow_nan=False))
    assert found["lift_upper"] is None
    assert found["incremental"] == {"value": 1200.0, "lower": 600.0, "upper": None, "currency": "EUR"}
    assert found["contrasts"] == []
