"""Every figure over HTTP is the one that its command prints; questions do not pile up, and keys that write may not ask."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from asked import asks, held, never_ends, process
from builders import exposure, later, line, purchase
from counterclick.cli import main
from counterclick.errors import StoreError
from counterclick.shop import Shop, open_shop
from counterclick.shop.premises import open_premises
from counterclick.web.asking import LINE, Asking
from counterclick.web.bodies import BodyError
from counterclick.web.figures import FIGURES
from data_folder import ROOT
from served import Served, served

TOML = """
[surfaces.cart]
monthly_cost = 10
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
[onoff.cart]
starts_on = 2026-03-02
block = "1d"
weeks = 8
"""
ARMS = ("nothing", "bestsellers")
VERBS: dict[str, tuple[str, ...]] = {
    "/v1/overview": ("overview",),
    "/v1/overview?since=2026-01-05&until=2026-01-11&surface=cart": (
        *("overview", "--since", "2026-01-05", "--until", "2026-01-11", "--surface", "cart"),
    ),
    "/v1/audit": ("audit",),
    "/v1/audit?explain=true&surface=cart": ("audit", "--explain", "--surface", "cart"),
    "/v1/claims": ("claims",),
    "/v1/alignment": ("alignment",),
    "/v1/drift": ("drift",),
    "/v1/readiness": ("readiness",),
    "/v1/tune": ("tune", "list"),
    "/v1/check": ("check",),
    "/v1/check?fail_on=likely_bots": ("check", "--fail-on", "likely_bots"),
    "/v1/check?rejections=true&most=5": ("check", "--rejections", "--most", "5"),
    "/v1/served?name=cart&period=last-14-days": ("served", "cart", "--period", "last-14-days"),
    "/v1/returns": ("returns",),
    "/v1/boosts": ("boosts",),
    "/v1/replenishment?today=2026-02-01": ("replenishment", "--today", "2026-02-01"),
    "/v1/mailings": ("mailings",),
    "/v1/settings": ("settings",),
    "/v1/orders?most=3": ("orders", "--most", "3"),
    "/v1/orders?unmatched=test": ("orders", "--unmatched", "test"),
    "/v1/trace?order=o17": ("trace", "o17"),
    "/v1/trace?order=2026/01": ("trace", "2026/01"),
    "/v1/rows/net_revenue?since=2026-01-05&until=2026-01-06&surface=cart&known=true&most=3": (
        *("rows", "net_revenue", "--since", "2026-01-05", "--until", "2026-01-06", "--surface", "cart", "--known"),
        *("--most", "3"),
    ),
    "/v1/rows/events?experiment=test&where=kind%3Dexposure&where=variant%3Dbestsellers": (
        *("rows", "events", "--experiment", "test", "--where", "kind=exposure", "--where", "variant=bestsellers"),
    ),
    "/v1/metrics/revenue_per_visitor": ("metric", "revenue_per_visitor"),
    "/v1/metrics/revenue_per_visitor?by=week": ("metric", "revenue_per_visitor", "--by", "week"),
    "/v1/report?month=2026-01&compare=true&quarter=true": ("report", "--month", "2026-01", "--compare", "--quarter"),
    "/v1/calibrate?name=test&draws=20": ("calibrate", "test", "--draws", "20"),
    "/v1/holdout": ("experiment", "holdout"),
    "/v1/experiments/test/plan?lift=0.1": ("experiment", "plan", "test", "--lift", "0.1"),
    "/v1/experiments/test/result?metric=aov&metric=orders_per_visitor": (
        *("experiment", "result", "test", "--metric", "aov", "--metric", "orders_per_visitor"),
    ),
    "/v1/experiments/test/verdict": ("experiment", "verdict", "test"),
    "/v1/experiments/test/slices": ("experiment", "slices", "test"),
    "/v1/onoff/cart/plan": ("onoff", "plan", "cart"),
    "/v1/experiments/test/course?by=day": ("experiment", "course", "test", "--by", "day"),
    "/v1/experiments/test/plan-curve?share=0.1&share=0.5&weeks=4": (
        *("experiment", "plan-curve", "test", "--share", "0.1", "--share", "0.5", "--weeks", "4"),
    ),
    "/v1/plan-curve?surface=cart&metric=conversion": (
        *("experiment", "plan-curve", "--surface", "cart", "--metric", "conversion"),
    ),
    "/v1/onoff/cart/calendar": ("onoff", "calendar", "cart"),
    "/v1/onoff/cart/verdict": ("onoff", "verdict", "cart"),
}
"""Address -> the command that answers the same."""
REFUSED = {
    "/v1/calibrate?name=test&draws=20": 409,
    "/v1/holdout": 400,
    "/v1/trace?order=2026/01": 404,
    "/v1/onoff/cart/plan": 409,
}
"""What a shop of five weeks without a holdout cannot answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A small shop whose experiment is over, served, with a key that may read."""
    folder = tmp_path_factory.mktemp("figures")
    times = [later("2026-01-05T10:00", days=i % 10) for i in range(240)]
    events = [exposure(f"v{i}", ARMS[i % 2], times[i], surface="cart") for i in range(240)]
    events += [
        purchase(f"v{i}", order=f"o{i}", lines=[line("hat", 1 + i % 5, 10)], at=later(times[i], minutes=5))
        for i in range(240)
    ]
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([*events, {"kind": "nonsense"}])
        shop.audit()  # takes the looks that are due: afterwards every question has the same answer
    with served(folder, TOML) as found:
        with open_shop(found.toml) as shop:
            _, key = shop.keys.new("read", "tests")
        found.client.headers["authorization"] = f"Bearer {key}"
        yield found


@pytest.mark.parametrize("address", VERBS)
def test_an_address_answers_what_its_command_prints(
    server: Served, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    """The same JSON, but for the last digit of sums; what a command refuses is refused with the same sentence."""
    found = server.client.get(address)
    with pytest.raises(SystemExit):
        main([*VERBS[address], "--shop", str(server.toml), "--json"])
    printed, said = capsys.readouterr()
    assert found.status_code == REFUSED.get(address, 200), found.text
    if address in REFUSED:
        assert found.json()["error"] == json.loads(said)["message"]
    else:
        alike(found.json(), json.loads(printed))


def alike(ours: Any, theirs: Any) -> None:
    """Engines add in any order, and name the columns of a query as they come."""
    if isinstance(ours, float) and isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-9)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name in ours.keys() - {"sql"}:
            alike(ours[name], theirs[name])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            alike(one, other)
    else:
        assert ours == theirs


def test_every_address_is_compared_and_documented() -> None:
    """Each stands in the table above and on the page."""
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    compared = [address.split("?")[0].replace("/test/", "/NAME/").replace("/cart/", "/SURFACE/") for address in VERBS]
    compared = [address.replace("/revenue_per_visitor", "/NAME").replace("/o17", "/ORDER") for address in compared]
    compared = [address.replace("/rows/net_revenue", "/rows/NAME") for address in compared]
    for handler in FIGURES:
        (path,) = handler.paths
        written = path.replace("{name:str}", "NAME").replace("{surface:str}", "SURFACE").replace("{order:str}", "ORDER")
        assert written in compared
        assert f"`{written}`" in page


def test_it_says_what_was_recorded_by_then(server: Served) -> None:
    """What is acknowledged is counted by the next question."""
    counted = "/v1/orders?most=1"
    before = server.client.get(counted).json()["n_all"]
    body = purchase("v1", 3, order="new", at="2026-01-20T10:00")
    taken = httpx.post(f"{server.url}/v1/events", json=body, headers={"authorization": f"Bearer {server.key}"})
    assert taken.json()["accepted"] == 1
    assert server.client.get(counted).json()["n_all"] == before + 1


def test_what_cannot_be_asked(server: Served) -> None:
    """Unknown names, wrong periods, and keys: the status and the sentence say what would be right."""
    for address, status, says in (
        ("/v1/metrics/revenue_per_visitr", 404, "Did you mean 'revenue_per_visitor'"),
        ("/v1/experiments/tset/verdict", 404, "Did you mean 'test'"),
        ("/v1/metrics/aov?by=year", 400, "by"),
        ("/v1/report?month=March", 400, "2026-03"),
        ("/v1/orders?most=0", 400, "most"),
    ):
        found = server.client.get(address)
        assert (found.status_code, says in found.json()["error"]) == (status, True), found.text
    for key in (server.key, "cc_r_guess", ""):
        refused = httpx.get(f"{server.url}/v1/audit", headers={"x-api-key": key})
        assert (refused.status_code, "keys new read" in refused.json()["error"]) == (401, True)


def test_questions_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is worked out at a time; the same question is asked once; one too many is to come again; a stop ends them all."""
    begun, gate = tmp_path / "begun", tmp_path / "gate"

    def question(name: str) -> Callable[[Shop], str]:
        return partial(held, begun, name, gate)

    async def asked(asking: Asking) -> None:
        first = [asyncio.create_task(asking.ask("a", question("a"))) for _ in range(5)]
        rest = [asyncio.create_task(asking.ask(f"q{n}", question(f"q{n}"))) for n in range(LINE - 1)]
        await appeared(begun)
        with pytest.raises(BodyError, match="ask again") as refused:
            await asking.ask("one too many", question("one too many"))
        assert (refused.value.status, refused.value.again_seconds) == (503, 10)
        assert begun.read_text(encoding="utf-8").split() == ["a"]
        gate.touch()
        assert {*await asyncio.gather(*first), *await asyncio.gather(*rest)} == {"told"}
        assert begun.read_text(encoding="utf-8").split() == ["a", *(f"q{n}" for n in range(LINE - 1))]

    asks(monkeypatch)
    with_asking(tmp_path, asked)


def with_asking(folder: Path, asked: Callable[[Asking], Awaitable[None]]) -> None:
    """Run something with the line of questions of an empty shop."""

    async def run() -> None:
        with open_premises(folder / "shop.toml") as shop:
            asking = Asking(shop)
            try:
                await asked(asking)
            finally:
                await asking.close()

    (folder / "shop.toml").write_text("", encoding="utf-8")
    asyncio.run(run())


async def forever(asking: Asking, begun: Path) -> asyncio.Task[None]:
    """Ask what has no answer; return when that has begun."""
    waits: asyncio.Task[None] = asyncio.create_task(asking.ask("forever", partial(never_ends, begun)))
    await appeared(begun)
    return waits


async def appeared(file: Path) -> None:
    """Wait until something stands in a file."""
    end = time.monotonic() + 60
    while not await asyncio.to_thread(lambda: file.exists() and file.stat().st_size):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def test_a_stop_does_not_wait_for_a_long_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that would run for hours fails when the process stops, and says that it is to be asked again."""

    async def asked(asking: Asking) -> None:
        waits = await forever(asking, tmp_path / "begun")
        await asking.close()
        with pytest.raises(OSError, match="ask again in a moment"):
            await waits

    asks(monkeypatch)
    with_asking(tmp_path, asked)


def test_who_works_figures_out_may_die(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked is told to ask again; another process answers; it runs only in time that is left over."""

    async def asked(asking: Asking) -> None:
        first = await asking.ask("which", process)
        assert os.sched_getscheduler(first) == os.SCHED_IDLE
        waits = await forever(asking, tmp_path / "begun")
        os.kill(first, signal.SIGKILL)
        with pytest.raises(StoreError, match="ask again in a moment"):
            await waits
        end = time.monotonic() + 60
        while (second := await again(asking)) is None:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        assert second not in (first, os.getpid())

    asks(monkeypatch)
    with_asking(tmp_path, asked)


async def again(asking: Asking) -> int | None:
    """Ask which process answers; None while it is being begun anew."""
    try:
        return await asking.ask("which", process)
    except StoreError:
        return None
