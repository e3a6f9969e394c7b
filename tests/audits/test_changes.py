"""What changed between two audits, each with both sides."""

from __future__ import annotations

from datetime import date
from typing import Any

from counterclick.audits import Alarm, Audit
from counterclick.audits.changes import Changes, changes_between
from counterclick.audits.health import Finding
from reports import audit, ledger, surface, verdict

DAYS = date(2026, 1, 31), date(2026, 2, 28)
CALM = audit(surface("cart"), found=verdict("inconclusive", kind="still running"))
ALARM = Alarm("cart", "experiment", ("ctr",), "ctr is up +60 %, but revenue fell")


def compared(before: Audit, after: Audit, **of_month: Any) -> Changes:
    return changes_between(before, after, DAYS, (("January", ledger()), ("February", ledger(**of_month))))


def said(changes: Changes) -> dict[str, tuple[str, str]]:
    return {f"{each.part}: {each.subject}": (each.kind, each.says) for each in changes.found}


def test_equal_audits_have_no_changes() -> None:
    """It says so, and nothing else."""
    found = compared(CALM, CALM)
    assert found.found == ()
    assert "Nothing changed." in str(found)


def test_a_verdict_and_what_follows_from_it() -> None:
    """Undecided at +10 % becomes won at +12 %; the recommendation goes with it; both sides stand in one sentence."""
    found = said(compared(CALM, audit(surface("cart", "switch off"), found=verdict("won", 0.12))))
    assert found == {
        "recommendations: cart": ("changed", "Was: keep (rule). Is: switch off (rule)."),
        "verdicts: bundles": (
            "changed",
            "Was: inconclusive (still running), lift +10.0 % [+5.0 %, +15.0 %]. Is: won, lift +12.0 % [+7.0 %, +17.0 %].",
        ),
    }


def test_alarms_and_findings_come_and_go() -> None:
    """An alarm that was not there is new, a finding that is no longer there is gone, one of another size has changed."""
    before = audit(surface("cart"), findings=(Finding("late", 3, None, "x"), Finding("bots", 7, None, "x")))
    after = audit(surface("cart"), alarms=(ALARM,), findings=(Finding("late", 5, None, "x"),))
    assert said(compared(before, after)) == {
        "drift alarms: cart, experiment": ("new", "New: an alarm on ctr: ctr is up +60 %, but revenue fell."),
        "data: late": ("changed", "Was: 3 found. Is: 5 found."),
        "data: bots": ("gone", "Gone. Was: 7 found."),
    }


def test_a_gate_that_is_reached_changes_and_one_that_is_nearer_does_not() -> None:
    """Bundles need 50 products: from 40 to 60 they may run; from 40 to 45 nothing changed."""
    few, more, enough = (audit(surface("cart"), products=n) for n in (40, 45, 60))
    assert said(compared(few, enough)) == {
        "readiness: cart bundles": ("changed", "Was: leave off (products sold 40, needed 50 or more). Is: run.")
    }
    assert compared(few, more).found == ()


def test_shares_of_two_months() -> None:
    """50 % of January's revenue was claimed, 60 % of February's; credited is 25 % in both."""
    assert said(compared(CALM, CALM, claimed=120)) == {
        "shares of revenue: claimed together": (
            "changed",
            "Was: 50.0 % of the revenue of January. Is: 60.0 % of that of February.",
        )
    }


def test_parts_in_which_nothing_changed_are_named() -> None:
    """Six of seven parts are as they were."""
    text = " ".join(str(compared(CALM, CALM, claimed=120)).split())
    assert "Nothing changed in: recommendations, verdicts, drift alarms, alignment, readiness, data." in text
