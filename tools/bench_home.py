"""Time the home page of a served shop of ten million events over HTTP, beside its bare queries; and what it costs ingest.

1. The page cold: the first request to a fresh process, with nothing kept, with kept facts, and with the answer of a process
   before. Goal: the numbers stand there within 4 s.
2. The page warm: asked for again, nothing having come. Goal: 1 s.
3. Beside them the verb alone, `shop.overview()`, in a process of its own: the shop opened, with and without kept facts.
4. Bodies of 50 events as `bench_load` sends them, alone and while somebody asks for the page every second, alternating.
   Goal: at least 0.8 of the rate.

The figures of the page are compared with those of the verb. A shop that exists is copied, and never written to.
Writes docs/proof/home.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import httpx
from bench_audit import TEN_MILLION, YEAR, record_a_year
from bench_figures import compare, timed
from bench_ingest import UNLIMITED, Answers, answers, sending, settle
from torture_page import machine
from torture_shop import Victim, begun_by

from counterclick.audits.overview import Overview
from counterclick.shop import open_shop

PAGE = Path(__file__).resolve().parents[1] / "docs" / "proof" / "home.md"
_PASSWORD = "a password for an hour"  # noqa: S105 - of a copy that lives as long as this
_PATIENCE = 600.0
_PAUSE_SECONDS = 0.02
_WARM = 21
"""Requests of which the median counts."""
_EVERY_SECONDS = 1.0
"""Somebody who asks for the page again and again: as quickly as a person can."""
_FIGURES = "all-figures-of-the-period"
_BATCH = 50
_COLD_GOAL, _WARM_GOAL, _INGEST_GOAL = 4.0, 1.0, 0.8


@dataclass(frozen=True)
class Round:
    """Seconds of one round.

    Attributes:
        cold: nothing is kept.
        ahead: from the server's start until it has worked the page out by itself, nothing being kept.
        after: the first request after that.
        facts: the facts are kept.
        restored: the answer of a process before is kept.
        warm: of each request of a process that has answered.
        bare: the verb alone, nothing kept.
        bare_facts: the same where the facts are kept.
        bare_again: asked again in the same open shop.
    """

    cold: float
    ahead: float
    after: float
    facts: float
    restored: float
    warm: Sequence[float]
    bare: float
    bare_facts: float
    bare_again: float


class Home:
    """A served shop whose home page is asked for.

    Args:
        folder: of the shop, which is written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.victim = Victim(folder, toml=(folder / "shop.toml").read_text(encoding="utf-8") + UNLIMITED)
        with open_shop(self.victim.toml) as shop:
            shop.access.set_password(_PASSWORD)
        with self.served():  # the first start writes what is declared, and is not timed
            self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.victim.port}", timeout=_PATIENCE)
            form = re.search(r'name="form_token" value="(\w+)"', self.client.get("/sign-in").text)
            fields = {"form_token": form[1] if form else "", "password": _PASSWORD, "next": "/"}
            self.client.post("/sign-in", data=fields)

    @contextmanager
    def served(self, *, forget: Sequence[str] = ()) -> Iterator[None]:
        """Serve the shop by a fresh process; before, forget what is kept in these folders of the store."""
        self._forget(*forget)
        self.victim.start()
        try:
            yield
        finally:
            self.victim.stop()

    def shown(self, address: str = "/") -> httpx.Response:
        """Return a page when its numbers are there.

        Raises:
            RuntimeError: it is none, or is not shown.
        """
        while (answer := self.client.get(address)).status_code == httpx.codes.ACCEPTED:
            time.sleep(_PAUSE_SECONDS)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{address} answers with {answer.status_code}: {answer.text[:500]}")
        return answer

    def figures(self) -> dict[str, float]:
        """Return the figures that the page shows, from the file of its table."""
        file = self.shown(f"/?as=csv&part={_FIGURES}").content.decode("utf-8-sig")
        return {row["figure"]: float(row["this period"]) for row in csv.DictReader(io.StringIO(file)) if row["this period"]}

    def round(self) -> Round:
        """Measure each once, and compare the page's figures with the verb's."""
        self._forget("facts")
        bare, known = self._bare(), self._bare()
        with self.served(forget=["answers"]):
            with_facts = timed(self.shown)
            warm = [timed(self.shown) for _ in range(_WARM)]
            compare(self.figures(), known["figures"], "on the page", "by the verb")
        with self.served():
            restored = timed(self.shown)
        with self.served(forget=["answers", "facts"]):
            cold = timed(self.shown)
        with self.served(forget=["answers", "facts"]):
            ahead = timed(self._wait_for_answer)
            after = timed(self.shown)
        return Round(cold, ahead, after, with_facts, restored, warm, bare["seconds"], known["seconds"], known["again"])

    def _wait_for_answer(self) -> None:
        while not [*(self.victim.store / "answers").glob("*.msgpack")]:
            time.sleep(_PAUSE_SECONDS)

    def _forget(self, *names: str) -> None:
        for name in names:
            shutil.rmtree(self.victim.store / name, ignore_errors=True)

    def _bare(self) -> dict[str, Any]:
        command = [sys.executable, __file__, "--only", "overview", "--folder", str(self.folder)]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return found


class Somebody:
    """Asks for the home page again and again, until told to stop.

    What it was refused is raised where it is told to stop, with the server's last words.

    Args:
        home: which.
    """

    def __init__(self, home: Home) -> None:
        self.waits: list[float] = []
        self.answered_at: set[str] = set()
        self._failure: RuntimeError | None = None
        self._home = home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _ask(self) -> None:
        while not self._stop.is_set():
            begin = time.perf_counter()
            try:
                page = self._home.shown().text
            except RuntimeError as failure:
                words = self._home.victim.words.read_text(encoding="utf-8")
                self._failure = RuntimeError(f"{failure}\n{words[-5000:]}")
                return
            found = re.search(r'<time datetime="([^"]+)"', page)
            self.waits.append(time.perf_counter() - begin)
            self.answered_at.add(found[1] if found else "")
            self._stop.wait(max(0.0, _EVERY_SECONDS - self.waits[-1]))


@dataclass(frozen=True)
class Pair:
    """The same bodies twice.

    Attributes:
        alone: what was answered while nobody looked.
        beside: what was answered beside somebody who did.
        waits: seconds of who looked, sorted.
        n_anew: how often newer numbers were shown meanwhile.
        worked: seconds of a processor's time that working them out took meanwhile.
    """

    alone: Answers
    beside: Answers
    waits: Sequence[float]
    n_anew: int
    worked: float

    @property
    def ratio(self) -> float:
        """Rate beside somebody who looks, of the rate alone."""
        return self.beside.rate / self.alone.rate


def worked(home: Home) -> float:
    """Return the seconds of a processor's time that the process took which works figures out."""
    pid = begun_by(home.victim.running.pid)["reckoning"]
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def ingesting(home: Home, rounds: int, seconds: float) -> list[Pair]:
    """Send bodies alone and beside somebody who looks, in turn; who begins changes from round to round."""
    victim, found = home.victim, list[Pair]()

    def sent() -> Answers:
        told = answers(sending(victim.port, victim.key, "batches", seconds))
        settle(victim)
        return told

    with home.served():
        home.shown()
        sent()  # warms up
        for nth in range(rounds):
            alone = sent() if nth % 2 == 0 else None
            before = worked(home)
            with Somebody(home) as somebody:
                beside = answers(sending(victim.port, victim.key, "batches", seconds))
            took = worked(home) - before
            settle(victim)
            pair = Pair(alone or sent(), beside, sorted(somebody.waits), len(somebody.answered_at) - 1, took)
            found.append(pair)
            print(f"events: {pair.alone.rate * _BATCH:,.0f} a second alone, ratio {pair.ratio:.2f}", flush=True)
    return found


def one_overview(folder: Path) -> dict[str, Any]:
    """Open a shop and ask the verb, twice; return seconds and figures."""
    begin = time.perf_counter()
    with open_shop(folder / "shop.toml") as shop:
        found: Overview = shop.overview()
        seconds = time.perf_counter() - begin
        again = timed(shop.overview)
    figures = {each.metric: each.value for each in found.figures if each.value is not None}
    return {"seconds": seconds, "again": again, "figures": figures}


def row(says: str, seconds: Sequence[float], goal: float | None) -> str:
    """Return a row of the page's table."""
    told = "" if goal is None else f"{goal:g}"
    return f"| {says} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {told} |"


def page(n_events: int, rounds: Sequence[Round], pairs: Sequence[Pair], seconds: float) -> list[str]:
    """Return the lines of docs/proof/home.md."""
    middle = sorted(pairs, key=lambda pair: pair.ratio)[len(pairs) // 2]
    waits = sorted(wait for pair in pairs for wait in pair.waits)
    ratios = [pair.ratio for pair in pairs]
    return [
        "<!-- Made by tools/bench_home.py (`make bench-home`); change the tool, then run it again. -->",
        "",
        "# How fast the home page is",
        "",
        f"A simulated shop's year of {n_events:,} events with its experiments, served by `counterclick serve` with a",
        "password; *Revenue impact*, its home page, is asked for over HTTP by somebody who has signed in. A time ends when",
        "the numbers stand there: as long as the page says that they are being worked out, it is asked for again. Cold is",
        "the first request to a fresh process, which loads the pages as well; the log's files may be in the system's cache.",
        "Beside it the bare queries: the shop opened and `shop.overview()` asked, alone in a process. The page's figures",
        "are those of the verb, which is checked.",
        "",
        f"{machine()}.",
        "",
        f"| | seconds (median of {len(rounds)}) | least to most | goal |",
        "|---|---|---|---|",
        row("page, cold, nothing kept", [each.cold for each in rounds], _COLD_GOAL),
        row("from the server's start until it has worked the page out unasked", [each.ahead for each in rounds], None),
        row("page, cold, worked out unasked before", [each.after for each in rounds], _COLD_GOAL),
        row("page, cold, facts kept", [each.facts for each in rounds], _COLD_GOAL),
        row("page, cold, answer of a process before kept", [each.restored for each in rounds], _COLD_GOAL),
        row(f"page, warm: each the median of {_WARM}", [statistics.median(each.warm) for each in rounds], _WARM_GOAL),
        row("verb alone, nothing kept", [each.bare for each in rounds], None),
        row("verb alone, facts kept", [each.bare_facts for each in rounds], None),
        row("verb again, in the same open shop", [each.bare_again for each in rounds], None),
        "",
        "## Events meanwhile",
        "",
        f"Bodies of {_BATCH} events over 16 connections for {seconds:g} s, alone and while somebody asks for the page every",
        f"{_EVERY_SECONDS:g} s, in turn. What is kept is shown while newer numbers are worked out, in time that is left",
        "over, at most a tenth of one processor's. The log is made compact now and then, whoever looks: a round in which",
        "that falls on one side says more of that than of who looks.",
        "",
        f"**Ratio {statistics.median(ratios):.2f}** (median of {len(pairs)} rounds; {min(ratios):.2f} to {max(ratios):.2f}; "
        f"goal: {_INGEST_GOAL}).",
        "",
        "| | events a second | half within (ms) | 95 % | 99 % |",
        "|---|---|---|---|---|",
        *(
            f"| {who} | {each.rate * _BATCH:,.0f} | {' | '.join(f'{wait:.1f}' for wait in each.quantiles())} |"
            for who, each in (("alone", middle.alone), ("beside somebody who looks", middle.beside))
        ),
        "",
        f"Who looked was answered {len(waits):,} times, half within {statistics.median(waits):.2f} s, all within "
        f"{max(waits):.2f} s. Working out newer numbers took {sum(pair.worked for pair in pairs):.1f} s of a processor's "
        f"time meanwhile; they were there {sum(pair.n_anew for pair in pairs):,} times before the senders had ended.",
        "",
    ]


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="a shop to copy; made there where it holds no shop.toml")
    parser.add_argument("--visitors", type=int, default=TEN_MILLION * YEAR.visitors, help="of a shop that is made")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--of-events", type=int, help="rounds of events, where that are others")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each side of a round of events")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--only", choices=["overview"], help="the verb alone, in this process")
    o = parser.parse_args()
    if o.only:
        print(json.dumps(one_overview(o.folder)))
        return
    with tempfile.TemporaryDirectory(prefix="counterclick-home-") as temporary:
        folder = o.folder or Path(temporary) / "made"
        if not (folder / "shop.toml").exists():
            folder.mkdir(parents=True, exist_ok=True)
            record_a_year(folder, replace(YEAR, visitors=o.visitors // TEN_MILLION))
        copy = Path(temporary) / "copy"
        copy.mkdir()
        shutil.copy(folder / "shop.toml", copy)
        shutil.copytree(folder / ".counterclick", copy / ".counterclick")
        with open_shop(copy / "shop.toml") as shop:
            n_events = shop.reading.one("SELECT count(*) FROM events")
        home = Home(copy)
        rounds = []
        for _ in range(o.rounds):
            rounds.append(home.round())
            print(f"cold: {rounds[-1].cold:.2f} s, verb alone: {rounds[-1].bare:.2f} s", flush=True)
        pairs = ingesting(home, o.of_events or o.rounds, o.seconds)
        home.client.close()
    lines = page(n_events, rounds, pairs, o.seconds)
    print("\n".join(lines))
    o.page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
