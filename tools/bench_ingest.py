"""Time a served shop that takes events, beside a bare handler on the same server, in one run, alternating; print ratios.

1. Bodies of 50 events, each answered when the disk has it, over 16 connections: against `bench_ingest_bare`, which stores
   the same bodies unread in the same inbox. Goal: at least half as many, and 99 % of answers within 60 ms.
2. Single events, alike. Goal: 99 % of answers within 25 ms.
3. Flags, 200 a second, while events come at half of what was reached. Goal: 99 % of answers within 5 ms.
4. Meanwhile, and beside a tenth of what was reached, another process opens the shop again and again: how long until it has
   counted what was acknowledged. Goal: 2 s.
5. Memory of its processes over many events. Goal: hardly more at the end than after a tenth.

Server, senders and reader share the machine's cores. Writes docs/proof/ingest.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torture_page import machine
from torture_shop import TOML, Reader, Victim

PAGE = Path(__file__).resolve().parents[1] / "docs" / "proof" / "ingest.md"
_BARE = Path(__file__).with_name("bench_ingest_bare.py")
_LOAD = Path(__file__).with_name("bench_load.py")
_BATCH = 50
_CALLS = 200
_SLICE_SECONDS = 10.0
_COMMIT = 12 * 1024
"""Bytes that a small commit of the inbox writes."""
UNLIMITED = "[serve]\nkey_per_second = 1_000_000\nkey_burst = 1_000_000\n"
"""One key sends more here than a key may."""
_RIGHT = "root may" if os.geteuid() == 0 else "far as this user may"
_QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Answers:
    """What a sender was answered.

    Attributes:
        n: answers.
        seconds: from the first request to the last answer.
        waits: milliseconds of each, sorted.
    """

    n: int
    seconds: float
    waits: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.n / self.seconds

    def quantiles(self) -> list[float]:
        """Return the wait that half, 95 % and 99 % of the answers stay within, in milliseconds."""
        return [self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)] for share in _QUANTILES]


def sending(
    port: int, key: str, what: str, seconds: float, rate: float | None = None, *, first: bool = False
) -> subprocess.Popen[str]:
    """Start a sender: see `bench_load`."""
    words = [sys.executable, str(_LOAD), str(port), key, "--what", what, "--seconds", str(seconds)]
    words += ["--rate", str(rate)] if rate is not None else []
    words += ["--first"] if first else []
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def answers(sender: subprocess.Popen[str]) -> Answers:
    """Wait for a sender's end; return what it was answered.

    Raises:
        RuntimeError: something was refused: it is no measurement then.
    """
    told = json.loads(sender.communicate()[0] or '{"bad": "everything"}')
    if told["bad"]:
        raise RuntimeError(f"{told['bad']} answers were refusals")
    return Answers(told["n"], told["seconds"], told["waits"])


@contextlib.contextmanager
def bare(folder: Path, *more: str) -> Iterator[int]:
    """Run the bare handler, with more arguments of its own; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(_BARE), str(folder), str(port), *more])
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def resident(pid: int) -> float:
    """Return the memory that a process has resident now, in MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found.group(1)) / 1024 if found else 0.0


def settle(victim: Victim) -> None:
    """Wait until nothing waits for the log."""
    waiting = 1.0
    while waiting:
        time.sleep(0.1)
        with victim.connection() as connection:
            connection.request("GET", "/metrics")
            found = re.search(r"^counterclick_inbox_bodies (\S+)", connection.getresponse().read().decode(), re.MULTILINE)
            waiting = float(found.group(1)) if found else 0.0


def versus(victim: Victim, port: int, what: str, rounds: int, seconds: float) -> list[tuple[Answers, Answers]]:
    """Let both take the same, in turn; return what was answered: ours and the bare handler's, by round."""
    found = []
    for nth in range(rounds + 1):
        ours = answers(sending(victim.port, victim.key, what, seconds))
        settle(victim)
        theirs = answers(sending(port, "-", what, seconds))
        if nth:  # the first warms up
            found.append((ours, theirs))
            print(f"{what}: {ours.rate:,.0f} beside {theirs.rate:,.0f} bodies a second, {ours.rate / theirs.rate:.2f}")
    return found


def table(what: str, size: int, pairs: Sequence[tuple[Answers, Answers]], goal: float) -> list[str]:
    """Return lines of the page: both sides' events a second and waits, of the round with the median ratio."""
    ratios = [ours.rate / theirs.rate for ours, theirs in pairs]
    ours, theirs = sorted(pairs, key=lambda pair: pair[0].rate / pair[1].rate)[len(pairs) // 2]
    best = min(each.quantiles()[-1] for each, _ in pairs)
    lines = [
        f"**{what}**: ratio {statistics.median(ratios):.2f} (median of {len(pairs)} rounds; {min(ratios):.2f} to "
        f"{max(ratios):.2f}). 99 % within {ours.quantiles()[-1]:.0f} ms, in the quietest round {best:.0f} ms "
        f"(goal: {goal:.0f}).",
        "",
        "| | events a second | half within (ms) | 95 % | 99 % |",
        "|---|---|---|---|---|",
    ]
    for who, each in (("counterclick serve", ours), ("bare handler", theirs)):
        waits = " | ".join(f"{wait:.1f}" for wait in each.quantiles())
        lines.append(f"| {who} | {each.rate * size:,.0f} | {waits} |")
    return [*lines, ""]


def disk(folder: Path, seconds: float) -> str:
    """Write 12 kB to a file again and again, as often as flags are asked for; return a line of the page."""
    waits = list[float]()
    with (folder / "probe").open("wb", buffering=0) as file:
        begin = time.perf_counter()
        while (due := begin + len(waits) / _CALLS) < begin + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            now = time.perf_counter()
            file.seek(0)
            file.write(b"x" * _COMMIT)
            os.fsync(file.fileno())
            waits.append((time.perf_counter() - now) * 1000)
    half, most, last = Answers(len(waits), seconds, sorted(waits)).quantiles()
    return (
        f"- The disk alone, with nobody at the shop: {_COMMIT // 1024} kB written and synced {_CALLS} times a second, half "
        f"within {half:.1f} ms, 95 % {most:.1f}, 99 % {last:.1f}. No answer that waits for the disk can be quicker."
    )


def flags(victim: Victim, port: int, rate: float, rounds: int, seconds: float) -> list[str]:
    """Evaluate flags while bodies come at a rate, ours and the bare handler's in turn; return lines of the page."""
    lines = []
    for what, says in (
        ("known", "visitors that were exposed before"),
        ("new", "new visitors, whose exposure must outlive every process"),
    ):
        pairs, beside = [], [0.0]
        for _ in range(rounds):
            found, taken = _evaluated(victim.port, victim.key, what, rate, seconds)
            settle(victim)
            pairs.append((found, _evaluated(port, "-", what, rate, seconds)[0]))
            beside.append(taken)
            print(f"{what}: {_within([found])}; bare {_within([pairs[-1][1]])}", flush=True)
        lines.append(
            f"- Flags of {says}, {_CALLS} a second beside {max(beside) * _BATCH:,.0f} events a second, in {rounds} rounds: "
            f"{_within([ours for ours, _ in pairs])} (goal: 5). "
            "The bare handler, which answers the same to everybody, beside as many, in turn: "
            f"{_within([theirs for _, theirs in pairs])}."
        )
    return lines


def reading(victim: Victim, rate: float, seconds: float) -> list[str]:
    """Let another process open the shop and count, again and again, while events come; return lines of the page.

    Raises:
        RuntimeError: a reader was told what is not so, or not even twice.
    """
    reader = Reader(victim.toml, plainly=True)
    found, beside = _evaluated(victim.port, victim.key, "known", rate, seconds)
    polls = reader.stop()
    faults = [each["error"] for each in polls if "error" in each]
    if faults:
        raise RuntimeError(faults[0])
    if len(polls) < 2:  # noqa: PLR2004 - the first, and one besides
        raise RuntimeError(f"in {seconds:g} s a reader was answered {len(polls)} times; give it more with --seconds.")
    loading, *others = [each["end"] - each["begin"] for each in polls]
    line = (
        f"- Another process opens the shop again and again, and counts, beside {beside * _BATCH:,.0f} events a second: "
        f"{len(others)} times, half within {statistics.median(others):.1f} s, each within {max(others):.1f} s (goal: 2); "
        f"the first time, which loads the code as a command does, {loading:.1f} s. "
        f"It takes what a core has; flags meanwhile: {_within([found])}."
    )
    print(line, flush=True)
    return [line]


def _evaluated(port: int, key: str, what: str, rate: float, seconds: float) -> tuple[Answers, float]:
    """Evaluate flags while bodies come at a rate; return their answers, and the bodies a second that were taken."""
    sender = sending(port, key, "batches", seconds + 2, rate)
    time.sleep(1)
    found = answers(sending(port, key, what, seconds, _CALLS, first=True))
    return found, answers(sender).rate


def _within(found: Sequence[Answers]) -> str:
    """Say the quantiles of waits: of several rounds, of each the median, and of the last the quietest too."""
    half, most, last = (statistics.median(each) for each in zip(*(each.quantiles() for each in found), strict=True))
    quietest = min(each.quantiles()[-1] for each in found)
    more = f" (in the quietest round {quietest:.1f})" if len(found) > 1 else ""
    return f"half within {half:.1f} ms, 95 % {most:.1f}, 99 % {last:.1f}{more}"


def memory(victim: Victim, n_events: int) -> list[str]:
    """Send many events, and look at the memory of each process; return lines of the page."""
    sent, seen = 0, list[tuple[int, dict[str, float]]]()
    while sent < n_events:
        sent += answers(sending(victim.port, victim.key, "batches", _SLICE_SECONDS)).n * _BATCH
        processes = {"serve": victim.running.pid, **victim.processes()}
        seen.append((sent, {name: resident(pid) for name, pid in processes.items()}))
        print(f"{sent:,} events: {seen[-1][1]}", flush=True)
    warm, first = next((each for each in seen if each[0] >= n_events / 10), seen[-1])
    last, says = seen[-1][1], {"serve": "answers", "receiver": "judges and commits", "backstage": "moves events"}
    return [
        f"- Memory, in MiB resident after {warm:,} events, after {sent:,}, and at most of {len(seen)} looks: "
        + "; ".join(
            f"the process that {what} {first[name]:.0f}, {last[name]:.0f}, {max(each[name] for _, each in seen):.0f}"
            for name, what in says.items()
        )
        + ".."
    ]


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each side of a round")
    parser.add_argument("--events", type=int, default=10_000_000, help="over which memory is watched")
    parser.add_argument("--page", type=Path, default=PAGE)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs, bare(Path(theirs)) as port:
        victim = Victim(Path(ours), toml=TOML + UNLIMITED)
        victim.start()
        batches = versus(victim, port, "batches", o.rounds, o.seconds)
        singles = versus(victim, port, "single", o.rounds, o.seconds)
        half = statistics.median(each.rate for each, _ in batches) / 2
        settle(victim)
        more = [disk(Path(theirs), o.seconds), *flags(victim, port, half, o.rounds, 2 * o.seconds)]
        for rate in (half, half / 5):
            more += reading(victim, rate, 4 * o.seconds)
            settle(victim)
        more += memory(victim, o.events)
        victim.stop()
    lines = [
        "<!-- Made by tools/bench_ingest.py (`make bench-ingest`); change the tool, then run it again. -->",
        "",
        "# How fast a served shop takes events",
        "",
        "`counterclick serve` beside a bare handler on the same server (Litestar on Granian), which stores the same bodies",
        "unread in the same inbox: both answer when the disk has them, over 16 connections, in turn. Ours judges and",
        "redacts every event, and moves them into the log every five seconds, or as soon as 300 bodies wait; the bare",
        "handler's turn begins when nothing waits any more.",
        "Ours is four processes: one answers, one judges and commits, one moves, one fits models now and then; the bare",
        "handler is one. Server, senders and reader share the cores, and the senders' own work is counted in.",
        f"Who answers goes before whoever works, as {_RIGHT} here, in ours and in the bare handler. So does who asks for",
        "flags: visitors have machines of their own, and do not wait for this one's cores.",
        "Ratios are what is promised.",
        "",
        f"{machine()}.",
        "",
        *table("Bodies of 50 events", _BATCH, batches, 60),
        *table("Single events", 1, singles, 25),
        *more,
        "",
    ]
    o.page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
