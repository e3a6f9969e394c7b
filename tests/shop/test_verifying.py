"""Whether a holdout holds, as the log knows it: through the front door, and as a shell sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import Event, add, answer, click, exposure, line, message, purchase, shown
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.shop import Shop
from shell import Shell

MakeShop = Callable[[str], Shop]
TESTED = """
[surfaces.chat]
[surfaces.search]
[experiments.helper]
surface = "chat"
control = "nothing"
variants = { nothing = 0.5, assistant = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
"""
HOLDOUT = """
[holdout]
share = 0.2
starts_on = 2026-01-05
ends_on = 2026-03-01
"""
STATIC = """
[experiments.ranking]
surface = "search"
control = "bestsellers"
variants = { bestsellers = 0.5, semantic = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
"""


def eligible() -> list[Event]:
    """Three visitors who are held out (h1 to h3), and three who are not (f1 to f3)."""
    arms = {"h": "nothing", "f": "assistant"}
    return [exposure(f"{side}{n}", arm, experiment="helper") for side, arm in arms.items() for n in (1, 2, 3)]


def test_a_holdout_holds_where_only_the_others_had_something(make_shop: MakeShop) -> None:
    """Counts by arm; what lies outside of the experiment's days, or on another surface, is none of it."""
    shop = make_shop(TESTED)
    outside = [answer("h1", "p1", at="2026-02-02T10:00"), answer("h1", "p1", surface="search")]
    inside = [answer("f1", "p1"), answer("f1"), click("f2", surface="chat"), shown("f2", surface="chat")]
    shop.record([*eligible(), *outside, *inside])
    found = shop.verify_holdout("chat")
    (test,) = found.tests
    held, others = test.arms
    assert (found.outcome, test.n_leaks, test.n_unasked) == ("holds", 0, 0)
    assert (held.is_held_out, held.n_visitors, held.n_seen) == (True, 3, 0)
    assert (others.n_visitors, others.n_seen, others.n_shown, others.n_clicked, others.n_answered) == (3, 2, 1, 1, 2)
    assert "of 3 others 2 had (66.7 %)" in test.because


@pytest.mark.parametrize(
    "leak",
    [
        answer("h2", "p1"),
        click("h2", surface="chat"),
        shown("h2", surface="chat"),
        message("sent", "h2", surface="chat"),
        add("h2", surface="chat"),
        purchase("h2", 10, lines=[line(surface="chat")]),
    ],
    ids=lambda leak: leak["kind"],
)
def test_every_kind_of_event_can_tell_of_a_leak(make_shop: MakeShop, leak: Event) -> None:
    """Of one visitor of three; it is listed with who sent it."""
    shop = make_shop(TESTED)
    shop.record([*eligible(), answer("f1", "p1"), leak])
    (test,) = shop.verify_holdout("chat").tests
    (found,) = test.leaks
    assert (test.outcome, test.n_leaks) == ("leaks", 1)
    assert (found.visitor_id, found.kind, found.event_id, found.is_before) == ("h2", leak["kind"], leak["event_id"], False)
    assert "1 of 3 visitors who are held out (33.33 %)" in test.because


def test_what_was_seen_before_it_was_recorded_is_a_leak_as_well(make_shop: MakeShop) -> None:
    """The visitor was held out by then; and visitors who were never asked are named apart."""
    shop = make_shop(TESTED)
    early = answer("h1", "p1", at="2026-01-05T09:59")
    shop.record([*eligible(), early, answer("stranger", "p1")])
    (test,) = shop.verify_holdout("chat").tests
    assert (test.outcome, test.leaks[0].is_before, test.n_unasked) == ("leaks", True, 1)


def test_a_holdout_over_everything_is_tested_on_each_surface(make_shop: MakeShop) -> None:
    """Beside the surface's own experiment; a control that shows something is not looked at, and said so."""
    shop = make_shop(TESTED + HOLDOUT + STATIC)
    sides = [exposure("a", "held_out", experiment="holdout"), exposure("b", "ai", experiment="holdout")]
    shop.record([*eligible(), *sides, answer("f1", "p1"), answer("a", "p1"), shown("b", "p1", surface="search")])
    chat = shop.verify_holdout("chat")
    assert [(test.experiment, test.outcome) for test in chat.tests] == [("holdout", "leaks"), ("helper", "holds")]
    assert chat.outcome == "leaks"
    search = shop.verify_holdout("search")
    assert ([test.outcome for test in search.tests], search.unread) == (["holds"], ("ranking",))
    assert "ranking" in str(search)


def test_what_nobody_recorded_cannot_be_known(make_shop: MakeShop) -> None:
    """Nothing in either arm, or nobody held out: it says which."""
    shop = make_shop(TESTED)
    shop.record([exposure("f1", "assistant", experiment="helper")])
    assert "nobody who is held out" in shop.verify_holdout("chat").tests[0].because
    shop.record(eligible())
    found = shop.verify_holdout("chat")
    assert found.outcome == "not known"
    assert "neither of the 3 held out nor of the 3 others" in found.tests[0].because


def test_where_nobody_is_held_out_there_is_nothing_to_verify(make_shop: MakeShop) -> None:
    """The message says what would hold somebody out; an unknown surface is answered with those there are."""
    shop = make_shop(TESTED + STATIC)
    shop.record(eligible())
    with pytest.raises(ConfigError, match=r"no \[holdout\], and no experiment on it with the variant 'nothing'"):
        shop.verify_holdout("search")
    with pytest.raises(UnknownNameError, match="chat"):
        shop.verify_holdout("chatt")


@pytest.mark.parametrize(("more", "code"), [([answer("f1", "p1")], 0), ([answer("h1", "p1")], 1), ([], 2)])
def test_the_exit_code_says_it(make_shop: MakeShop, shell: Shell, more: list[Event], code: int) -> None:
    """0 where it holds, 1 where it leaks, 2 where it cannot be known; JSON says the same."""
    shop = make_shop(TESTED)
    shop.record([*eligible(), *more])
    place = ("verify", "holdout", "chat", "--shop", str(shop.folder / "shop.toml"))
    outcome = {0: "holds", 1: "leaks", 2: "not known"}[code]
    assert outcome in shell(*place, code=code)
    told = shell.json(*place, code=code)
    assert (told["surface"], told["outcome"], len(told["tests"][0]["leaks"])) == ("chat", outcome, int(code == 1))
