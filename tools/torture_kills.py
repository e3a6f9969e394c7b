"""Where a server is killed: at random, and at points that a watcher of its folders waits for.

Each place is a function that kills the server and says what was so at that moment, by what it left behind.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from torture_shop import Load, Victim, looking

from counterclick.events.vocabulary import EVENTS
from counterclick.shop import open_shop
from counterclick.store.inbox import Body

__all__ = ["PLACES", "fill"]

_PATIENCE = 60.0
_LOOK_SECONDS = 0.0005
_WATCHER = Path(__file__).with_name("torture_watcher.py")
_MANY_FILES = 239
"""As many as the log holds without being compacted, but one: the next drain makes them too many."""


def at_random(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill it at a random moment under load."""
    load.wait_for(1)
    time.sleep(chance.uniform(0, 3))
    before = _version(victim)
    victim.kill_all()
    return "killed" if _version(victim) == before else "killed right after a commit"


def alone(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill the process that answers, under load: those that it has begun must end by themselves."""
    load.wait_for(1)
    time.sleep(chance.uniform(0, 3))
    victim.kill()
    return "killed, the others ended"


def keeper(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill the process that judges and commits, under load: the server takes events again without a restart."""
    load.wait_for(1)
    time.sleep(chance.uniform(0, 3))
    os.kill(victim.processes()["receiver"], signal.SIGKILL)
    return _goes_on(victim, load)


def mover(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill the process that moves events into the log while it writes there: another one goes on."""
    load.wait_for(1)
    place = chance.choice((_views(victim), _commit_file(victim, _version(victim) + 1)))
    _kill_at(victim.processes()["backstage"], place)
    before = _version(victim)
    _until(lambda: _version(victim) > before)
    return _goes_on(victim, load)


def _goes_on(victim: Victim, load: Load) -> str:
    """Wait until events are taken again, and kill all for the next round."""
    pid = victim.running.pid
    load.wait_for(200)
    if victim.running.poll() is not None or victim.running.pid != pid:
        raise RuntimeError("the server ended with a process of its")
    victim.kill_all()
    return "killed alone, another took its place"


def in_drain(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill it when a drain has begun to write the log's files and has not committed them."""
    del load, chance
    before = _version(victim)
    _kill_all_at(victim, _views(victim))
    return "files written, no commit" if _version(victim) == before else "too late: committed"


def between(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill it when the log has committed a drain and the inbox has not forgotten it."""
    del load, chance
    _kill_all_at(victim, _commit_file(victim, _version(victim) + 1))
    with looking(victim.toml) as shop:
        position = shop.store.log.snapshot().transaction(f"inbox:{shop.store.inbox.inbox_id}") or 0
        with shop.store.inbox.reading() as connection:
            both = sum(body.position <= position for body in shop.store.inbox.above(0, connection))
    return "in the log and in the inbox" if both else "too late: forgotten"


def in_compaction(victim: Victim, load: Load, chance: random.Random) -> str:
    """Kill it while it makes one file of many: before that is committed, or right afterwards."""
    del load
    before = _version(victim)
    drained = _commit_file(victim, before + 1)
    _until(drained.exists)
    _kill_all_at(victim, chance.choice((_views(victim), _commit_file(victim, before + 2))))
    return "compacted, old files standing" if _is_compacted(victim, before) else "files written, no commit"


def stopping(victim: Victim, load: Load, chance: random.Random) -> str:
    """Tell it to stop, and kill it while it moves what waits into the log."""
    load.wait_for(1)
    victim.running.terminate()
    time.sleep(chance.uniform(0, 0.5))
    ended = victim.running.poll() is not None
    victim.kill_all()
    return "it had stopped" if ended else "killed"


PLACES: dict[str, Callable[[Victim, Load, random.Random], str]] = {
    "at random": at_random,
    "between the two commits of a drain": between,
    "while a drain writes the log": in_drain,
    "while the log is compacted": in_compaction,
    "while it stops": stopping,
    "the process that answers, alone": alone,
    "the process that keeps events, alone": keeper,
    "the process that moves events, alone": mover,
}
"""Where it is killed -> how."""


def fill(victim: Victim, load: Load, name: str) -> None:
    """Let the log have so many files that the next drain compacts it; the server is not running.

    Args:
        victim: whose log.
        load: knows the events afterwards, as acknowledged: they went through the inbox.
        name: of the events.
    """
    kinds = [str(one.__struct_config__.tag) for one in EVENTS if one.__struct_config__.tag != "exposure"]
    with open_shop(victim.toml) as shop:
        nth = 0
        while missing := _MANY_FILES - len(shop.store.log.snapshot().files):
            kinds = kinds[:missing]  # a drain writes a file for each
            time_of = f"2026-01-05T10:{nth % 60:02}:00Z"
            ids = {kind: f"{name}-{nth}-{kind}" for kind in kinds}
            lines = [json.dumps({"kind": kind, "event_id": ids[kind], "occurred_at": time_of}) for kind in kinds]
            shop.store.inbox.put([Body(time_of, "torture", "\n".join(lines))])
            load.know(event_id for kind, event_id in ids.items() if kind in ("page_view", "purchase"))
            bodies = shop.store.drain()
            if not bodies:
                raise RuntimeError("nothing was moved into the log")
            nth += 1


def _version(victim: Victim) -> int:
    """Return the log's version by its folder; -1 before the first commit."""
    return max((int(path.stem) for path in (victim.store / "log" / "_delta_log").glob("0*.json")), default=-1)


def _commit_file(victim: Victim, version: int) -> Path:
    return victim.store / "log" / "_delta_log" / f"{version:020}.json"


def _views(victim: Victim) -> Path:
    """Return the log's folder of page views, which changes when a file is made in it."""
    return victim.store / "log" / "kind=page_view"


def _kill_all_at(victim: Victim, path: Path) -> None:
    """Kill it, and the processes that it has begun, as soon as a path appears or changes."""
    _kill_at(victim.running.pid, path, "group")
    victim.running.wait(_PATIENCE)


def _kill_at(pid: int, path: Path, *more: str) -> None:
    """Kill a process as soon as a path appears or changes."""
    words = [sys.executable, "-S", str(_WATCHER), str(pid), str(path), str(_PATIENCE), *more]
    if subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode:
        raise RuntimeError(f"what was waited for does not happen: {path.name} does not change within a minute")


def _is_compacted(victim: Victim, before: int) -> bool:
    """Return whether a commit after a version made one file of many."""
    made = (_commit_file(victim, version) for version in range(before + 1, _version(victim) + 1))
    return any('"OPTIMIZE"' in path.read_text(encoding="utf-8") for path in made)


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise RuntimeError("what was waited for does not happen: no drain within a minute")
        time.sleep(_LOOK_SECONDS)
