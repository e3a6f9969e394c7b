"""Answers are kept while they are right; a newer one is worked out beside the kept one, and by one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from builders import purchase
from counterclick.audits.readiness import Readiness
from counterclick.errors import EmptyStoreError, StoreError
from counterclick.shop import Shop
from counterclick.shop.premises import open_premises
from counterclick.web.asking import Asking
from counterclick.web.dashboard import answers as module
from counterclick.web.dashboard.answers import Answers, Kept

Does = Callable[[Answers, Shop], Awaitable[None]]


def with_answers(folder: Path, does: Does, toml: str = "") -> None:
    """Run something with a shop's answers."""

    async def run() -> None:
        (folder / "shop.toml").write_text(toml, encoding="utf-8")
        with open_premises(folder / "shop.toml") as premises, premises.shop() as shop:
            asking = Asking(premises)
            await does(Answers(premises, asking), shop)
            await asking.close()

    asyncio.run(run())


async def settled(answers: Answers) -> None:
    """Wait until nothing is being worked out."""
    await asyncio.gather(*answers._asked.values())


def test_an_answer_is_kept_until_something_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked twice, it is worked out once; after an event the kept one is shown, and the next time the newer one."""
    asked: list[int] = []

    def n_orders(shop: Shop) -> int:
        asked.append(1)
        return shop.latest_orders().n_all

    async def does(answers: Answers, shop: Shop) -> None:
        shop.record([purchase("v1", 10, order="a")])
        first = await answers.get("orders", n_orders, 60)
        assert first is not None
        assert (first.value, first.is_overtaken) == (1, False)
        assert await answers.get("orders", n_orders, 60) == first
        assert len(asked) == 1
        shop.record([purchase("v2", 10, order="b")])
        early = await answers.get("orders", n_orders, 60)
        assert early is not None
        assert (early.value, early.is_overtaken, early.is_renewed) == (1, True, False)
        assert early.again_seconds > 0
        monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 0.0)
        monkeypatch.setattr(module, "_TIMES_AS_LONG", 0.0)
        stale = await answers.get("orders", n_orders, 60)
        assert stale is not None
        assert (stale.value, stale.is_overtaken, stale.is_renewed) == (1, True, True)
        await settled(answers)
        newer = await answers.get("orders", n_orders, 60)
        assert newer is not None
        assert (newer.value, newer.is_overtaken) == (2, False)
        assert len(asked) == 2

    with_answers(tmp_path, does)


def test_whoever_asks_at_the_same_time_waits_for_the_same_answer(tmp_path: Path) -> None:
    """Three ask; it is worked out once."""
    asked: list[int] = []

    def question(_shop: Shop) -> int:
        asked.append(1)
        return len(asked)

    async def does(answers: Answers, _shop: Shop) -> None:
        found = await asyncio.gather(*(answers.get("x", question, 60) for _ in range(3)))
        assert [each.value for each in found if each] == [1, 1, 1]

    with_answers(tmp_path, does)


def test_what_takes_long_is_not_waited_for(tmp_path: Path) -> None:
    """There is no answer yet; later there is."""

    async def does(answers: Answers, _shop: Shop) -> None:
        assert await answers.get("x", lambda _shop: "there", 0) is None
        await settled(answers)
        found = await answers.get("x", lambda _shop: "another", 0)
        assert found is not None
        assert found.value == "there"

    with_answers(tmp_path, does)


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    """It is kept like any other."""

    async def does(answers: Answers, shop: Shop) -> None:
        found = await answers.get("check", lambda shop: shop.check(), 60)
        assert found is not None
        assert isinstance(found.refusal, EmptyStoreError)
        assert found.seen == shop.store.seen()

    with_answers(tmp_path, does)


def test_what_went_wrong_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be read for a moment, and a mistake of this product's."""
    errors: list[Exception] = [StoreError("gone"), ValueError("a mistake")]

    def question(_shop: Shop) -> Any:
        if errors:
            raise errors.pop(0)
        return "right"

    async def does(answers: Answers, _shop: Shop) -> None:
        monkeypatch.setattr(module, "_AT_LEAST_SECONDS", 0.0)
        found = []
        for _ in range(3):
            found.append(await answers.get("x", question, 60))
            await settled(answers)
        assert [type(each.refusal) for each in found if each] == [StoreError, StoreError, ValueError]
        last = await answers.get("x", question, 60)
        assert last is not None
        assert (last.value, last.refusal) == ("right", None)

    with_answers(tmp_path, does)


def test_a_server_that_begins_anew_shows_what_was_known(tmp_path: Path) -> None:
    """From disk, with its time; under another configuration, or of another type, it is worked out."""

    def never(_shop: Shop) -> Any:
        raise AssertionError("it was known")

    async def first(answers: Answers, shop: Shop) -> None:
        shop.record([purchase("v1", 10)])
        found = await answers.get("readiness", lambda shop: shop.readiness(), 60, Readiness)
        assert found is not None
        known.append(found)

    async def second(answers: Answers, _shop: Shop) -> None:
        found = await answers.get("readiness", never, 60, Readiness)
        assert found is not None
        assert (found.value, found.answered_at) == (known[0].value, known[0].answered_at)

    async def other(answers: Answers, _shop: Shop) -> None:
        found = await answers.get("readiness", lambda _shop: "anew", 60, Readiness)
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
            await answers.get(f"x{number}", lambda _shop: 1, 60)
        assert [*answers._kept] == ["x2", "x3", "x4"]

    with_answers(tmp_path, does)
