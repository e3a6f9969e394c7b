"""Answers are kept while they are right; a newer one is worked out beside the kept one, and by one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import methodcaller
from pathlib import Path

import pytest

from asked import asks, broken, fails_then, n_orders, noted, there
from builders import purchase
from counterclick.audits.readiness import Readiness
from counterclick.errors import EmptyStoreError, StoreError
from counterclick.shop import Shop, open_shop
from counterclick.shop.premises import open_premises
from counterclick.web.asking import Asking
from counterclick.web.dashboard import answers as module
from counterclick.web.dashboard.ahead import first_page
from counterclick.web.dashboard.answers import Answers
from counterclick.web.dashboard.kept import Kept, answered
from counterclick.web.dashboard.pages.home import HOME
from counterclick.web.dashboard.stored import Stored

Does = Callable[[Answers, Shop], Awaitable[None]]


@pytest.fixture(autouse=True)
def _asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asks(monkeypatch)


def with_answers(folder: Path, does: Does, toml: str = "") -> None:
    """Run something with a shop's answers."""

    async def run() -> None:
        (folder / "shop.toml").write_text(toml, encoding="utf-8")
        with open_premises(folder / "shop.toml") as premises, premises.shop() as shop:
            asking = Asking(premises)
            try:
                await does(Answers(premises, asking), shop)
            finally:
                await asking.close()

    asyncio.run(run())


async def settled(answers: Answers) -> None:
    """Wait until nothing is being worked out."""
    await asyncio.gather(*answers._asked.values())


def test_an_answer_is_kept_until_something_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked twice, it is worked out once; after an event the kept one is shown, and the next time the newer one."""
    asked = tmp_path / "asked"

    async def does(answers: Answers, shop: Shop) -> None:
        question = partial(n_orders, asked)
        shop.record([purchase("v1", 10, order="a")])
        first = await answers.get("orders", question, 60)
        assert first is not None
        assert (first.value, first.is_overtaken) == (1, False)
        assert await answers.get("orders", question, 60) == first
        assert asked.read_text(encoding="utf-8").split() == ["asked"]
        monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 3600.0)
        shop.record([purchase("v2", 10, order="b")])
        early = await answers.get("orders", question, 60)
        assert early is not None
        assert (early.value, early.is_overtaken, early.is_renewed) == (1, True, False)
        assert early.again_seconds > 0
        monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 0.0)
        monkeypatch.setattr(module, "_TIMES_AS_LONG", 0.0)
        stale = await answers.get("orders", question, 60)
        assert stale is not None
        assert (stale.value, stale.is_overtaken, stale.is_renewed) == (1, True, True)
        await settled(answers)
        newer = await answers.get("orders", question, 60)
        assert newer is not None
        assert (newer.value, newer.is_overtaken) == (2, False)
        assert asked.read_text(encoding="utf-8").split() == ["asked"] * 2

    with_answers(tmp_path, does)


def test_whoever_asks_at_the_same_time_waits_for_the_same_answer(tmp_path: Path) -> None:
    """Three ask; it is worked out once."""

    async def does(answers: Answers, _shop: Shop) -> None:
        question = partial(noted, tmp_path / "asked", "asked")
        found = await asyncio.gather(*(answers.get("x", question, 60) for _ in range(3)))
        assert [each.value for each in found if each] == [1, 1, 1]

    with_answers(tmp_path, does)


def test_what_takes_long_is_not_waited_for(tmp_path: Path) -> None:
    """There is no answer yet; later there is."""

    async def does(answers: Answers, _shop: Shop) -> None:
        assert await answers.get("x", partial(there, "there"), 0) is None
        await settled(answers)
        found = await answers.get("x", partial(there, "another"), 0)
        assert found is not None
        assert found.value == "there"

    with_answers(tmp_path, does)


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    """It is kept like any other."""

    async def does(answers: Answers, shop: Shop) -> None:
        found = await answers.get("check", methodcaller("check"), 60)
        assert found is not None
        assert isinstance(found.refusal, EmptyStoreError)
        assert found.seen == shop.store.seen()

    with_answers(tmp_path, does)


def test_what_went_wrong_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be read for a moment, and a mistake of this product's."""

    async def does(answers: Answers, _shop: Shop) -> None:
        question = partial(fails_then, tmp_path / "asked", "right")
        monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 0.0)
        found = []
        for _ in range(3):
            found.append(await answers.get("x", question, 60))
            await settled(answers)
        assert [type(each.refusal) for each in found if each] == [StoreError, StoreError, RuntimeError]
        last = await answers.get("x", question, 60)
        assert last is not None
        assert (last.value, last.refusal) == ("right", None)

    with_answers(tmp_path, does)


def test_a_server_that_begins_anew_shows_what_was_known(tmp_path: Path) -> None:
    """From disk, with its time; under another configuration, or of another type, it is worked out."""

    async def first(answers: Answers, shop: Shop) -> None:
        shop.record([purchase("v1", 10)])
        found = await answers.get("readiness", methodcaller("readiness"), 60, Readiness)
        assert found is not None
        known.append(found)

    async def second(answers: Answers, _shop: Shop) -> None:
        found = await answers.get("readiness", broken, 60, Readiness)
        assert found is not None
        assert (found.value, found.answered_at) == (known[0].value, known[0].answered_at)

    async def other(answers: Answers, _shop: Shop) -> None:
        found = await answers.get("readiness", partial(there, "anew"), 60, Readiness)
        assert found is not None
        assert found.value == "anew"

    known: list[Kept] = []
    with_answers(tmp_path, first)
    with_answers(tmp_path, second)
    with_answers(tmp_path, other, '[shop]\ncurrency = "USD"\n')


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that nobody can count take no memory."""
    monkeypatch.setattr(module, "_MOST", 3)

    async def does(answers: Answers, _shop: Shop) -> None:
        for number in range(5):
            await answers.get(f"x{number}", partial(there, "1"), 60)
        assert [*answers._kept] == ["x2", "x3", "x4"]

    with_answers(tmp_path, does)


def test_the_first_page_is_known_before_anybody_asks(tmp_path: Path) -> None:
    """Worked out ahead it lies on disk, for a server that has read the same file; nothing having come, that is all."""

    async def does(answers: Answers, shop: Shop) -> None:
        shop.record([purchase("v1", 10)])
        await answers._asking.ask("ahead", first_page)
        found = await answers.get(HOME.question_of({}), broken, 60, HOME.answer_type)
        assert found is not None
        assert found.value == HOME.ask(shop, {})
        await answers._asking.ask("ahead", first_page)
        assert Stored(shop).read(HOME.question_of({}), HOME.answer_type) == found

    with_answers(tmp_path, does, "[serve]\nkey_per_second = 1000\n")  # a number that another process writes as 1000.0


def test_newer_answers_take_a_tenth_of_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took 100 seconds of a processor's time is not worked out anew before 900 seconds have passed."""
    monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 0.0)

    async def does(answers: Answers, shop: Shop) -> None:
        shop.record([purchase("v1", 10)])
        found = await answers.get("x", partial(there, "first"), 60)
        assert found is not None
        answers._kept["x"] = replace(found, worked=100.0, answered_at=found.answered_at - timedelta(seconds=850))
        shop.record([purchase("v2", 10)])
        early = await answers.get("x", broken, 60)
        assert early is not None
        assert (early.value, early.is_renewed) == ("first", False)
        assert 0 < early.again_seconds < 60
        answers._kept["x"] = replace(found, worked=100.0, answered_at=found.answered_at - timedelta(seconds=950))
        late = await answers.get("x", partial(there, "second"), 60)
        assert late is not None
        assert late.is_renewed
        await settled(answers)

    with_answers(tmp_path, does)


def test_what_a_question_writes_itself_does_not_overtake_its_answer(tmp_path: Path) -> None:
    """A look that a verdict takes is in its answer; what somebody else writes meanwhile is not."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop, open_shop(tmp_path / "shop.toml") as other:
        shop.record([purchase("v1", 10, order="a")])

        def writes(by: Shop, order: str) -> Callable[[Shop], int]:
            return lambda _asked: by.record([purchase("v2", 10, order=order)]).n_events

        alone = answered(writes(shop, "b"), shop)
        assert (alone.value, alone.seen) == (1, shop.store.seen())
        beside = answered(writes(other, "c"), shop)
        assert beside.value == 1
        assert beside.seen == alone.seen != shop.store.seen()
