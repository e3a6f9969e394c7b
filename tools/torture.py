"""Kill a served shop again and again, disturb it otherwise, and look from outside whether anything was lost or doubled.

Rounds of ``kill -9`` under load, of all its processes or of one, at random and where it hurts (`torture_kills`), then
disturbances (`torture_disturbances`): a full disk, a store that may not be written, a clock that jumps, clients that are
slow or many.
After every round: no acknowledged event is lost, none is counted twice, none is invented; another process read the log
all the while and never failed. Writes docs/proof/durability.md, with the seconds that each start took.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from torture_disturbances import DISTURBANCES, Disturbed
from torture_kills import PLACES, fill
from torture_page import Tortured, page
from torture_shop import Load, Reader, Victim, examine

__all__ = ["kills"]

_ALONE = 3
PAGE = Path(__file__).resolve().parents[1] / "docs" / "proof" / "durability.md"


def kills(folder: Path, places: list[str], seed: int = 1) -> Tortured:
    """Serve a shop under load, and kill it once at each place of a list.

    Args:
        folder: for the shop; empty.
        places: keys of `PLACES`.
        seed: of the moments.
    """
    chance, found = random.Random(seed), Tortured()  # noqa: S311 - moments of kills
    victim = Victim(folder)
    reader = Reader(victim.toml)
    with Load(victim, seed=seed) as load:
        for nth, place in enumerate(places):
            if place == "while the log is compacted":
                fill(victim, load, f"fill{nth}")
            victim.start()
            how = PLACES[place](victim, load, chance)
            found.places.setdefault(place, Counter())[how] += 1
            findings = examine(victim.toml, load)
            if not findings.is_sound:
                found.faults.append(f"round {nth + 1}, {place}, {how}: {findings}")
            print(f"{nth + 1:3}/{len(places)} {place}: {how}; {findings.n_events:,} events, "
                  f"ready in {victim.seconds[-1]:.2f} s", flush=True)  # fmt: skip
        victim.start()
        load.wait_for(1)
    if victim.stop() != 0:
        found.faults.append("told to stop after the last round, it did not end with 0")
    findings = examine(victim.toml, load)
    if not findings.is_sound:
        found.faults.append(f"after the last stop: {findings}")
    polls = reader.stop()
    found.starts, victim.seconds = victim.seconds, []
    for _ in range(_ALONE):
        victim.start()
        victim.stop()
    found.alone = victim.seconds
    found.faults += [f"a reader: {each['error']}" for each in polls if "error" in each]
    found.faults += [f"an answer: {says}" for says in load.surprises]
    told = load.acknowledged()
    found.n_polls, found.n_repeats = len(polls), told.repeats
    found.n_events, found.n_exposures = len(told.events), len(told.visitors)
    return found


def main() -> None:
    """Torture, write the page, and fail where an invariant does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    names = list(PLACES)
    with tempfile.TemporaryDirectory(prefix="counterclick-torture-") as place:
        killed = kills(Path(place), [names[nth % len(names)] for nth in range(options.rounds)], options.seed)
    disturbed: list[Disturbed] = []
    for disturbance in DISTURBANCES:
        with tempfile.TemporaryDirectory(prefix="counterclick-torture-") as place:
            disturbed.append(disturbance(Path(place)))
        print(f"{disturbed[-1].name}: {disturbed[-1].did} {disturbed[-1].faults or ''}", flush=True)
    options.page.write_text(page(killed, disturbed), encoding="utf-8")
    faults = [*killed.faults, *(fault for each in disturbed for fault in each.faults)]
    sys.exit("\n".join(faults) if faults else 0)


if __name__ == "__main__":
    main()
