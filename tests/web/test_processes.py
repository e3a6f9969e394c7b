"""The processes of a served shop: each may die, alone or with the others, and what was acknowledged is there."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from torture_shop import begun_by, runs

from builders import purchase
from counterclick.shop import open_shop
from counterclick.web.urgent import is_first, turn
from served import TESTED, Served, served

PATIENCE = 60.0
SHORT = 100_000
"""Nanoseconds."""
PROCESSES = ("backstage", "receiver")


def begun(server: Served, *, without: dict[str, int] | None = None) -> dict[str, int]:
    """Return the processes that the server has begun, once both are there, and are others than these."""
    end = time.monotonic() + PATIENCE
    while True:
        found = begun_by(server.process.pid)
        if set(found) == set(PROCESSES) and not (without or {}).items() & found.items():
            return found
        assert time.monotonic() < end, found
        time.sleep(0.02)


def orders(name: str) -> str:
    return json.dumps([purchase("v1", 10, order=f"{name}-{k}") for k in range(20)])


def taken(server: Served, body: str) -> None:
    """Send events as clients do: again, while the answer is a 503."""
    end = time.monotonic() + PATIENCE
    while True:
        found = server.client.post("/v1/events", content=body)
        if found.status_code == 200:
            assert found.json()["accepted"] == 20
            return
        assert found.status_code == 503, found.text
        assert "retry-after" in found.headers
        assert time.monotonic() < end, found.text
        time.sleep(0.1)


@pytest.mark.parametrize("name", PROCESSES)
def test_one_that_dies_is_begun_anew(tmp_path: Path, name: str) -> None:
    """Events are taken again without a restart, each is there once, and a line of the log says what happened."""
    with served(tmp_path) as server:
        before = begun(server)
        a = orders("a")
        taken(server, a)
        os.kill(before[name], signal.SIGKILL)
        taken(server, a)  # a repeat, which counts once
        taken(server, orders("b"))
        begun(server, without={name: before[name]})
        taken(server, orders("c"))
        assert server.stop() == 0
        assert server.n_events("purchase") == 60
        with open_shop(server.toml) as shop:
            assert shop.store.inbox.count() == 0
        assert "is started anew" in (tmp_path / "server.log").read_text(encoding="utf-8")


def test_none_goes_on_alone(tmp_path: Path) -> None:
    """When the process that answers is killed, those that it has begun end, and nothing that was acknowledged is lost."""
    with served(tmp_path) as server:
        processes = begun(server)
        taken(server, orders("a"))
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        end = time.monotonic() + PATIENCE
        while any(map(runs, processes.values())):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert server.n_events("purchase") == 20


@pytest.mark.parametrize("name", ["server", "receiver", "all"])
def test_an_exposure_outlives_every_process(tmp_path: Path, name: str) -> None:
    """A flag does not wait for the disk: killed the moment it is answered, any of them, or all, leave its exposure."""
    flag = "/ofrep/v1/evaluate/flags/cart-bundles"
    with served(tmp_path, TESTED) as server:
        for nth in range(4):
            processes = begun(server)
            busy = [threading.Thread(target=bodies, args=(server.url, server.key, f"{nth}-{k}")) for k in range(3)]
            for each in busy:
                each.start()
            for k in range(20):
                told = server.client.post(flag, json={"context": {"targetingKey": f"v{nth}-{k}"}})
                assert told.status_code == 200, told.text
            if name != "receiver":
                for pid in processes.values() if name == "all" else ():
                    os.kill(pid, signal.SIGKILL)
                assert server.stop(signal.SIGKILL) == -signal.SIGKILL
                wait_for(lambda: not any(map(runs, processes.values())), processes)  # noqa: B023 - it is called at once
                server.start()
            else:
                os.kill(processes[name], signal.SIGKILL)
                begun(server, without={name: processes[name]})
            for each in busy:
                each.join()
        taken(server, orders("last"))
        wait_for(lambda: server.n_events("exposure") == 80, name)


def bodies(url: str, key: str, name: str) -> None:
    """Send bodies until one is not taken."""
    with contextlib.suppress(httpx.TransportError), httpx.Client(headers={"authorization": f"Bearer {key}"}) as client:
        end = time.monotonic() + PATIENCE
        for k in itertools.count():
            if client.post(f"{url}/v1/events", content=orders(f"{name}-{k}")).status_code != 200 or time.monotonic() > end:
                return


def wait_for(is_so: Callable[[], bool], about: object) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, about
        time.sleep(0.05)


def ignores(pid: int, number: int) -> bool:
    """Say whether a process has come so far that it passes over a signal."""
    found = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)


def test_a_signal_for_all_of_them_loses_nothing(tmp_path: Path) -> None:
    """A service manager tells all at once to stop: what the first one acknowledges is kept and moved all the same."""
    with served(tmp_path) as server:
        processes = begun(server)
        for pid in processes.values():
            end = time.monotonic() + PATIENCE
            while not ignores(pid, signal.SIGINT):
                assert time.monotonic() < end
                time.sleep(0.02)
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGINT)
        taken(server, orders("a"))
        assert begun_by(server.process.pid) == processes
        assert server.stop() == 0
        with open_shop(server.toml) as shop:
            assert shop.store.inbox.count() == 0
        assert server.n_events("purchase") == 20


def test_answers_come_before_work(tmp_path: Path) -> None:
    """Threads that answer go first, or have shorter turns; the processes that keep and move take turns as everybody."""
    if turn() is None:
        pytest.skip("this system does not say how long a turn is")
    with served(tmp_path) as server:
        assert is_first(server.process.pid) == may_be_first()
        assert may_be_first() or turn(server.process.pid) == SHORT
        for name, pid in begun(server).items():
            assert not any(is_first(thread) or turn(thread) == SHORT for thread in threads(pid)), name
        assert steps_back(server) != may_be_first()


def test_who_may_not_go_first_has_short_turns(tmp_path: Path) -> None:
    """Without the right to it, threads that answer ask for what needs none; the others take turns as everybody."""
    if turn() is None:
        pytest.skip("this system does not say how long a turn is")
    if may_be_first() and not all(map(shutil.which, ("prlimit", "setpriv"))):
        pytest.skip("nothing here takes the right away")
    takes_away = ("prlimit", "--rtprio=0", *(("setpriv", "--bounding-set=-sys_nice") if os.geteuid() == 0 else ()))
    with served(tmp_path, before=takes_away if may_be_first() else ()) as server:
        assert turn(server.process.pid) == SHORT
        for name, pid in begun(server).items():
            assert not any(is_first(thread) or turn(thread) == SHORT for thread in threads(pid)), name
        wait_for(lambda: steps_back(server), "it does not step back")


def steps_back(server: Served) -> bool:
    return niceness(begun(server)["backstage"]) > niceness(server.process.pid)


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def may_be_first() -> bool:
    """Return whether this system lets a process of ours go first."""
    words = [sys.executable, "-c", "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def threads(pid: int) -> list[int]:
    return [int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()]


def test_what_moves_events_begins_after_the_first_page(tmp_path: Path) -> None:
    """Where somebody may look, what he waits for loads first; events are taken meanwhile, and moved soon after."""
    with served(tmp_path) as server:
        taken(server, orders("a"))
        with open_shop(server.toml) as shop:
            shop.access.set_password("a password of some length")
        assert server.stop() == 0
        at = time.monotonic()
        server.start()
        taken(server, orders("b"))
        pages = tmp_path / ".counterclick" / "answers"
        wait_for(lambda: "backstage" in begun_by(server.process.pid), "it does not begin")
        assert any(pages.glob("*.msgpack")) or time.monotonic() - at > 5
        with open_shop(server.toml) as shop:
            wait_for(lambda: shop.store.inbox.count() == 0, "it moves nothing")
        assert server.n_events("purchase") == 40


def test_what_is_declared_stands_in_the_log(tmp_path: Path) -> None:
    """An experiment of shop.toml is declared by serving it, before anybody asks for a figure."""
    with served(tmp_path, TESTED) as server:
        end = time.monotonic() + PATIENCE
        while server.n_events("experiment_declared") == 0:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_an_experiment_that_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    """Serving ends with 2, and says what is wrong."""
    (tmp_path / "shop.toml").write_text(TESTED + 'outcome = "aov"\n', encoding="utf-8")
    words = [sys.executable, "-m", "counterclick", "serve", "--port", "0", "--shop", str(tmp_path / "shop.toml")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert found.returncode == 2
    assert "cannot be decided on 'aov'" in found.stderr
