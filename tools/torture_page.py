"""The page that says what torture came to: docs/proof/durability.md."""

from __future__ import annotations

import os
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from torture_disturbances import Disturbed

__all__ = ["Tortured", "machine", "page"]

_GOAL_SECONDS = 5.0
_KB = 1024


@dataclass
class Tortured:
    """What rounds of kills came to.

    Attributes:
        places: place -> what was so at the moment of the kill -> rounds.
        starts: seconds from the start of the process to ``/readyz``, one a round.
        alone: the same of starts in which nobody sends or reads.
        n_events: events acknowledged.
        n_exposures: flags evaluated, each of which acknowledges an exposure.
        n_repeats: bodies sent again since no answer came.
        n_polls: of the reader.
        faults: sentences; none where everything holds.
    """

    places: dict[str, Counter[str]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    n_events: int = 0
    n_exposures: int = 0
    n_repeats: int = 0
    n_polls: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """Kills."""
        return sum(counts.total() for counts in self.places.values())


def machine() -> str:
    """Return what was measured on, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _KB**3
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores ({platform.machine()}) that others share: load {os.getloadavg()[2]:.1f} over 15 minutes",
        f"{memory:.0f} GiB of memory",
        f"Linux {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(parts)


def page(killed: Tortured, disturbed: Sequence[Disturbed]) -> str:
    """Return the page.

    Args:
        killed: rounds of kills.
        disturbed: other disturbances.
    """
    rows = [f"| {place} | {counts.total()} | {_listed(counts)} |" for place, counts in killed.places.items()]
    others = [f"| {each.name} | {each.how} | {each.did} |" for each in disturbed]
    faults = [*killed.faults, *(fault for each in disturbed for fault in each.faults)]
    verdict = [f"- BROKEN: {fault}" for fault in faults] or ["No invariant was broken."]
    late = sum(seconds >= _GOAL_SECONDS for seconds in killed.starts)
    lines = [
        "<!-- Made by tools/torture.py (`make torture`); change the tool, then run it again. -->",
        "",
        "# What a served shop survives",
        "",
        "`counterclick serve`, tortured from outside: one process answers, one judges and commits, one moves events into",
        "the log. Where nothing else is said, all of them were killed at once.",
        f"{machine()}.",
        "",
        "What is acknowledged is what an HTTP answer called accepted, and each evaluated flag, which acknowledges an",
        "exposure. After every round: none of it is lost, no event is there twice, none that nobody sent. A reader in",
        "another process opened the shop and counted its events all the while; a poll that fails, counts an event twice, or",
        "counts fewer than the poll before breaks the invariant. Senders send again what was not answered, with its ids.",
        "",
        *verdict,
        "",
        f"## {killed.rounds} times `kill -9`",
        "",
        f"{killed.n_events:,} events and {killed.n_exposures:,} exposures acknowledged; {killed.n_repeats:,} bodies sent",
        f"again; {killed.n_polls:,} polls of the reader.",
        "",
        "| killed | rounds | what was so at that moment, by what it left behind |",
        "|---|---|---|",
        *rows,
        "",
        "From the start of the process until `/readyz` says so, while senders knock and the reader reads on the same cores:",
        f"median {statistics.median(killed.starts):.1f} s, slowest {max(killed.starts):.1f} s; {late} of "
        f"{len(killed.starts)} took {_GOAL_SECONDS:.0f} s or more. With nobody else at the same store: median "
        f"{statistics.median(killed.alone):.1f} s of {len(killed.alone)}.",
        "",
        "## Other disturbances",
        "",
        "| what | by which means | what the server did |",
        "|---|---|---|",
        *others,
        "",
        "## What was not tested",
        "",
        "- Power. `kill -9` ends a process; what the system had taken, it still writes. That nothing is acknowledged or",
        "  forgotten before the disk has it rests on SQLite's `synchronous = FULL`, on the log's files being synced before",
        "  the inbox forgets, and on disks that do not lie.",
        "- Deleting the files that a compaction replaced: that waits an hour, and no round lasts so long.",
        "- A log behind a URL, a network file system, and several servers on one store.",
        "- A disk that returns errors or wrong bytes, and memory that runs out.",
        "",
    ]
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{how}: {n}" for how, n in sorted(counts.items(), key=lambda pair: -pair[1]))
