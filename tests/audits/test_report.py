"""The report's headline: what to do, and no more than is known."""

from __future__ import annotations

from counterclick.display import WIDTH
from reports import audit, ledger, report, surface


def test_the_headline_says_what_to_do() -> None:
    """Off, keep, test, too early, in this order; several names are a list."""
    found = report(
        audit(surface("a", "switch off"), surface("b"), surface("c"), surface("d", "test"), surface("e", "too early"))
    )
    assert found.headline == (
        "Switch off a.",
        "Keep b and c.",
        "Test d: what it earns is not shown.",
        "Too early to say: e.",
    )


def test_a_shop_without_surfaces_has_nothing_to_switch_off() -> None:
    """It says so in place of a headline."""
    assert report(audit()).headline == ("No AI surface is declared or recorded: there is nothing to switch off or keep.",)


def test_claims_are_shares_of_the_months_revenue_and_no_effects() -> None:
    """100 of 200 is claimed, 50 credited; without revenue no share is made up."""
    assert report(audit()).credit == (
        "Of the revenue of February 2026, 50 % is claimed (0 % of orders twice or more) and 25 % credited. "
        "Neither is an effect."
    )
    assert report(audit(), ledger=ledger(revenue=0)).credit == (
        "February 2026 has no revenue of which a share could be claimed."
    )


def test_why_is_told_without_how_it_could_be_tested() -> None:
    """The proposal is left to the later pages."""
    found = report(audit(surface("a", "test", because="Nobody knows. Split its visitors.")))
    assert found.advice().rows == [("a", "test", "Nobody knows.")]


def test_claims_beyond_the_month_are_counted() -> None:
    """One, several, none."""
    assert report(audit(), n_beyond=1).beyond == "1 claim on a period reaches beyond February 2026 and is in no sum of it."
    assert report(audit(), n_beyond=2).beyond == "2 claims on periods reach beyond February 2026 and are in no sum of it."
    assert report(audit()).beyond == ""


def test_it_reads_on_a_terminal() -> None:
    """No line of the text is wider than a terminal, and when it stands is said."""
    text = str(report(audit(surface("a"), tools=("mailer",)), tools=("mailer",)))
    assert max(len(row) for row in text.splitlines()) <= WIDTH
    assert "What was recorded by 2026-05-01 counts" in text
