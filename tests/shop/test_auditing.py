"""The audit of a shop: what it hands to its audits, and what stands behind its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders import Event, answer, click, event, exposure, later, line, message, purchase, shown, view
from counterclick.audits import Audit
from counterclick.errors import UnknownNameError
from counterclick.shop import Shop, auditing, open_shop

TOML = """
[shop]
currency = "EUR"
[surfaces.cart]
monthly_cost = 100
[surfaces.chat]
monthly_cost = 900
live_since = 2025-01-05
tuned_on = "conversations"
[surfaces.email]
claimed_by = ["mailer"]
[surfaces.voice]
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
looks = "end"
"""
START = "2026-01-05T08:00"


def quarter() -> list[Event]:
    """Return 13 weeks: every day eight visitors, half of them with the cart's list; four buy, two after an answer."""
    events: list[Event] = []
    for day in range(91):
        at = later(START, days=day)
        for i in range(8):
            who = f"d{day}v{i}"
            events.append(view(who, at=at))
            if day < 28:
                events.append(exposure(who, "bestsellers" if i % 2 else "nothing", at=at, surface="cart"))
            if i % 2:
                events += [shown(who, "hat", "scarf", at=at), *([click(who, "hat", at=at)] if i == 1 else [])]
            if i < 2:
                events.append(answer(who, "hat", at=at))
            if i < 4:
                bought = later(at, minutes=30 + i)
                events.append(purchase(who, 20 + i, at=bought, order=f"{who}o", lines=[line("hat", 1, 20 + i)]))
        events += [
            message("opened", f"d{day}v0", at=at),
            event("claim", at, claimant="mailer", amount=20, order_id=f"d{day}v0o"),
        ]
    return events


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of a quarter, to which tests add nothing."""
    toml = tmp_path_factory.mktemp("quarter") / "shop.toml"
    toml.write_text(TOML, encoding="utf-8")
    with open_shop(toml) as shop:
        shop.record(quarter())
        yield shop


@pytest.fixture(scope="module")
def audit(shop: Shop) -> Audit:
    """Its audit."""
    return shop.audit()


def test_each_surface_gets_one_recommendation_by_a_named_rule(audit: Audit) -> None:
    """The cart's test ended too small to say; nobody was held out of the chat; the voice was never seen."""
    found = {surface.name: surface for surface in audit.theatre.surfaces}
    assert sorted(found) == ["cart", "chat", "email", "voice"]
    assert (found["chat"].recommendation.action, found["chat"].recommendation.rule) == ("test", "no concurrent holdout")
    assert (found["voice"].recommendation.action, found["voice"].recommendation.rule) == ("test", "nothing recorded")
    assert found["cart"].situation.days == 28
    assert found["cart"].recommendation.action in ("test", "switch off", "too early")


def test_without_a_holdout_a_split_and_a_schedule_are_proposed(audit: Audit) -> None:
    """The chat's advice says what eight and 26 weeks would show, and what switching it on and off would."""
    chat = next(surface for surface in audit.theatre.surfaces if surface.name == "chat")
    text = chat.recommendation.because
    assert "nobody was ever held out" in text
    assert "Its visitors split half and half: 8 weeks show" in text
    assert "Switched on and off by a randomised schedule" in text or "cannot be planned" in text


def test_months_count_from_the_declared_day_and_rates_from_the_recorded_ones(audit: Audit) -> None:
    """The chat is live since January 2025, 15 months; its 182 answers were given in the three that are recorded."""
    chat = next(surface for surface in audit.theatre.surfaces if surface.name == "chat")
    assert chat.figures.months == pytest.approx(456 / 30.4375)
    assert chat.figures.interactions_a_month == pytest.approx(182 / (91 / 30.4375))
    assert chat.figures.ctr is None


def test_the_tools_claims_stand_on_its_surface_and_opens_are_named(shop: Shop, audit: Audit) -> None:
    """The mailer claims 91 orders of 20, all after an open without a click: a quarter of the orders."""
    claims = audit.claims
    line = next(each for each in claims.lines if each.surface == "email")
    assert line.claimed * line.base_revenue == pytest.approx(91 * 20)
    assert claims.ledger.claimants[0].counts_opens
    assert str(shop.claims()) == str(claims.ledger)


def test_every_figure_has_its_query_and_its_rows(shop: Shop) -> None:
    """364 orders; 182 answers of the chat, all of them touches; the experiment's visitors by arm."""
    found = {(each.surface, each.figure): each for each in shop.explain().figures}
    assert (found[None, "revenue"].n_rows, found[None, "revenue"].amount) == (364, 91 * (20 + 21 + 22 + 23))
    assert found["chat", "touches"].n_rows == 182
    assert found["email", "claimed"].amount == 91 * 20
    assert found["cart", "test: nothing"].n_rows == found["cart", "test: bestsellers"].n_rows == 112
    assert found["cart", "test: revenue of bestsellers"].amount == 28 * (21 + 23)
    assert '"orders"' in found[None, "credited together"].sql
    assert "kept_" not in str(shop.explain("chat"))
    with pytest.raises(UnknownNameError, match="no surface is named 'chats'"):
        shop.explain("chats")


def test_what_stands_behind_an_effect_and_a_click_rate_is_what_the_page_shows(shop: Shop) -> None:
    """An arm's mean is its sum over its visitors, and the click rate that of clicks over lists."""
    told = {each.figure: each for each in shop.explain("cart").figures if each.surface == "cart"}
    means = {arm: told[f"test: revenue of {arm}"].amount / told[f"test: {arm}"].n_rows for arm in ("nothing", "bestsellers")}
    row = next(each for each in shop.experiment("test").result().rows if each.metric == "revenue_per_visitor")
    assert (row.base, row.value) == (means["nothing"], means["bestsellers"])
    cart = next(surface for surface in shop.audit().theatre.surfaces if surface.name == "cart")
    assert told["clicks"].n_rows / told["shown"].n_rows == cart.figures.ctr


def test_what_stands_behind_a_claim_adds_up_to_what_the_page_says(make_shop: Callable[[str], Shop]) -> None:
    """Orders known and unknown, tools with and without a surface, periods that overlap: each sum is the page's."""
    shop = make_shop(TOML.replace('claimed_by = ["mailer"]', 'claimed_by = ["mailer", "texts"]'))
    month = {"at": "2026-02-01T00:00", "period_ends_at": "2026-03-01T00:00:00Z"}
    shop.record(
        [
            *quarter(),
            event("claim", START, claimant="mailer", amount="0.1", order_id="o-unknown"),
            event("claim", START, claimant="ads", amount="7.77", order_id="d3v1o", claim_window="1 day"),
            event("claim", START, claimant="ads", amount="9.99", order_id="d3v1o", claim_window="7 days"),
            event("claim", START, claimant="ads", amount="0.2", order_id="d4v1o", claim_window="1 day"),
            event("claim", claimant="ads", amount="500.3", **month),
            event("claim", claimant="texts", amount="812.07", **month),
            event("claim", claimant="texts", amount="33", at="2026-02-03T00:00", period_ends_at="2026-02-09T00:00:00Z"),
        ]
    )
    audit, told = shop.audit(), {(each.surface, each.figure): each for each in shop.explain("email").figures}
    ledger = audit.claims.ledger
    chat, cart, mailer, ads = 91 * (20 + 21), 91 * 21, 91 * 20 + 0.1, 9.99 + 0.2
    of_periods = 500.3 + (812.07 - 28 * 20)
    assert ledger.claimed == pytest.approx(chat + cart + mailer + ads + of_periods)
    assert told[None, "claimed together"].amount == ledger.claimed
    assert told[None, "of it on periods"].amount == sum(each.adds for each in ledger.periods) == pytest.approx(of_periods)
    assert (told[None, "orders claimed"].n_rows, told[None, "by two or more"].n_rows) == (ledger.n_claimed, ledger.n_twice)
    assert told[None, "credited, net"].amount == ledger.attributed_net
    assert told["email", "mailer: claims"].amount == pytest.approx(mailer)
    for tool in ledger.claimants:
        name = f"{tool.claimant} ({tool.window})" if tool.window else tool.claimant
        behind = told[tool.surface, f"{name}: claims"]
        assert (behind.n_rows, behind.amount) == (tool.n_claims, tool.claimed)


def test_what_stands_behind_an_experiments_shares_is_its_own_visitors(shop: Shop) -> None:
    """Two of four buyers a day had the list, and one of them clicked on it: claimed and credited to the cent of the page."""
    told = {each.figure: each for each in shop.explain("cart").figures if each.surface == "cart"}
    claims = shop.audit().claims
    shares = next(each for each in claims.lines if each.experiment == "test")
    base = told["test: orders with the feature"]
    assert (base.n_rows, base.amount) == (56, 28 * (21 + 23))
    assert base.amount == shares.base_revenue
    claimed, credited = told["test: claimed of them"], told["test: credited of them"]
    assert (claimed.n_rows, claimed.amount) == (28, 28 * 21)
    assert (claimed.amount / base.amount, credited.amount / base.amount) == (shares.claimed, shares.attributed)
    for inflation in claims.ledger.inflation:
        if inflation.surface == "cart":
            for window, share in inflation.shares.items():
                assert told[f"{inflation.way}, {window}"].amount / claims.ledger.revenue == share


def test_the_page_holds_every_part(audit: Audit) -> None:
    """Claims, advice, worth, engagement, drift, alignment, readiness and health, each under its title."""
    text = str(audit)
    for title in (
        "What each surface claims, is credited with, and earns",
        "What to keep, what to switch off",
        "Engagement and credit",
        "Proxy drift",
        "Alignment",
        "Stage:",
        "What needs attention in the data",
    ):
        assert title in text
    assert max(len(row) for row in text.splitlines()) <= 80


def test_claims_to_mend_are_listed_and_make_the_command_exit_with_two(
    make_shop: Callable[[str], Shop], tmp_path: Path
) -> None:
    """A file with an unknown order: recorded, listed, and counted as claimed."""
    shop = make_shop(TOML)
    shop.record(quarter())
    (tmp_path / "claims.csv").write_text("source,order_id,amount\nmailer,o-unknown,99\n", encoding="utf-8")
    shop.record(tmp_path / "claims.csv")
    ledger = shop.claims()
    assert [(each.problem, each.order_id) for each in ledger.problems] == [("unknown order", "o-unknown")]
    assert ledger.claimants[0].claimed == 91 * 20 + 99


def test_tests_are_planned_for_the_busiest_surfaces_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one plan the chat, which answers, has it; the e-mails say where theirs comes from."""
    monkeypatch.setattr(auditing, "_PLANNED", 1)
    shop.refresh()
    because = {each.name: each.recommendation.because for each in shop.audit().theatre.surfaces}
    assert "8 weeks show" in because["chat"]
    assert "8 weeks show" not in because["email"]
    assert "`counterclick experiment plan` says it" in because["email"]
