"""Disturbances that are no kill: of the disk, of the clock, and by clients. Each is real where the machine lets us.

Each is a function that gets an empty folder, serves a shop in it, disturbs it, and says what it did and what was wrong.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torture_shop import Load, Victim, examine

__all__ = ["DISTURBANCES", "Disturbed"]

_FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
_SMALL = "48M"
_DAY = 86_400
_SLOW = 200
_MANY = 1_000
_DRAIN_SECONDS = 6.0
"""Within which the server tries to move what waits into the log."""
_PATIENCE = 60.0
_ROOM = 256 * 1024


@dataclass
class Disturbed:
    """What a disturbance came to.

    Attributes:
        name: what it was.
        how: by which means.
        did: what the server did.
        faults: sentences; none where everything holds.
    """

    name: str
    how: str = ""
    did: str = ""
    faults: list[str] = field(default_factory=list)

    def check(self, victim: Victim, load: Load) -> None:
        """Look from outside, and keep what is wrong."""
        findings = examine(victim.toml, load)
        if not findings.is_sound:
            self.faults.append(f"{self.name}: {findings}")
        self.faults += [f"{self.name}: {says}" for says in load.surprises]
        self.did += f"; {len(load):,} events acknowledged, {len(findings.lost)} lost, {len(findings.doubled)} doubled"


def disk_full(folder: Path) -> Disturbed:
    """Fill the disk under it, then free it."""
    found = Disturbed("disk full")
    with _small_disk(folder) as disk:
        victim = Victim(disk or folder)
        victim.start()
        found.how = f"an ext4 of {_SMALL} on a loop device, filled by a file" if disk else "RLIMIT_FSIZE of the process"
        with Load(victim, senders=2) as load:
            load.wait_for(200)
            with _filled(disk) if disk else _limited(victim):
                refused = _refused(load)
                alive = victim.running.poll() is None
            n, freed = len(load), time.monotonic()
            load.wait_for(100)
            found.did = (
                f"503 to each of {refused} bodies while it lasted, {'alive' if alive else 'DEAD'}; took events again "
                f"{time.monotonic() - freed:.1f} s after there was room, without a restart ({n:,} before)"
            )
        found.faults += [] if alive else ["a full disk ended the process"]
        found.faults += [] if victim.stop() == 0 else ["after a full disk it did not end with 0"]
        found.check(victim, load)
    return found


def not_writable(folder: Path) -> Disturbed:
    """Let it start on a store that may not be written, and take away the right to write while it runs."""
    found = Disturbed("read-only store", "a read-only bind mount at the start; files made immutable (chattr) under load")
    victim = Victim(folder)
    victim.start()
    with Load(victim, senders=2) as load:
        load.wait_for(200)
        paths = [victim.store / "inbox.sqlite", victim.store / "inbox.sqlite-wal", victim.store]
        try:
            if not _is_done("chattr", "+i", *map(str, paths)):
                found.how = "not permitted on this machine: not tested"
                victim.stop()
                return found
            refused = _refused(load)
        finally:
            _is_done("chattr", "-i", *map(str, paths))
        alive = victim.running.poll() is None
        load.wait_for(100)
    found.did = f"503 to each of {refused} bodies while it lasted, {'alive' if alive else 'DEAD'}, events again afterwards"
    found.faults += [] if alive else ["a read-only store ended the process"]
    victim.stop()
    found.check(victim, load)
    if _is_done("mount", "--bind", str(victim.store), str(victim.store)):
        try:
            _is_done("mount", "-o", "remount,ro,bind", str(victim.store))
            victim.launch()
            code = victim.running.wait(_PATIENCE)
            says = victim.words.read_text(encoding="utf-8").strip().splitlines()[-1]
        finally:
            _is_done("umount", str(victim.store))
        found.did += f"; started on it, it ended with {code}: “{says.replace(str(victim.store), 'STORE')}”"
        found.faults += [] if code and "Traceback" not in says else [f"started on a read-only store: {code}, {says}"]
    return found


def clock_jumps(folder: Path) -> Disturbed:
    """Let the clock of the process jump three days ahead, two days back, and to the right time again."""
    libraries = sorted(Path("/").glob(_FAKETIME.lstrip("/")))
    found = Disturbed("clock jumps", "libfaketime: the process' clock moved by +3 days, -2 days, 0 while it ran")
    if not libraries:
        found.how = "libfaketime is not installed: not tested"
        return found
    clock = folder / "clock"
    clock.write_text("+0\n", encoding="utf-8")
    faked = {"LD_PRELOAD": str(libraries[0]), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    victim = Victim(folder, {**faked, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    victim.start()
    with Load(victim, senders=2) as load:
        for jump in (3, -2, 0):
            clock.write_text(f"{jump * _DAY:+d}\n", encoding="utf-8")
            if jump >= 0:
                load.wait_for(300)
            time.sleep(_DRAIN_SECONDS)
        n_refused = load.rejected
    found.did = f"took events throughout; {n_refused:,} lay ahead of the clock set back and were rejected with that reason"
    victim.stop()
    found.check(victim, load)
    return found


def half_bodies(folder: Path) -> Disturbed:
    """Send half of a body and go away, or stay."""
    found = Disturbed("half-sent bodies", f"{_SLOW} connections: half of them closed in the middle, half left open")
    victim = Victim(folder)
    victim.start()
    half = f"[{_view('half')}, {{".encode()
    headers = ("Host: x", f"Authorization: Bearer {victim.key}", f"Content-Length: {2 * len(half)}")
    head = "\r\n".join(("POST /v1/events HTTP/1.1", *headers, "", ""))
    with Load(victim, senders=2) as load, contextlib.ExitStack() as stack:
        for nth in range(_SLOW):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", victim.port)))
            connection.sendall(head.encode() + half)
            if nth % 2:
                connection.close()
        load.wait_for(300)
        found.did = f"answered others meanwhile ({_latency(victim)}); nothing of a half counted"
    victim.stop()
    found.check(victim, load)  # `half` would be invented
    return found


def slow_clients(folder: Path) -> Disturbed:
    """Send headers byte by byte over many connections."""
    found = Disturbed("slow clients", f"{_SLOW} connections that send a byte of their headers now and then")
    victim = Victim(folder)
    victim.start()
    with Load(victim, senders=2) as load, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", victim.port))) for _ in range(_SLOW)]
        for letter in b"POST /v1/events HTTP/1.1\r\nHost":
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.send(bytes([letter]))
            time.sleep(0.1)
        load.wait_for(300)
        found.did = f"answered others meanwhile ({_latency(victim)})"
    victim.stop()
    found.check(victim, load)
    return found


def many_connections(folder: Path) -> Disturbed:
    """Hold many connections open, each of which sends."""
    found = Disturbed("many connections", f"{_MANY:,} at once, each of which sends two bodies")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    victim = Victim(folder)
    victim.start()
    answered, headers = 0, {"authorization": f"Bearer {victim.key}"}
    with Load(victim, senders=2) as load, contextlib.ExitStack() as stack:
        many = [stack.enter_context(victim.connection()) for _ in range(_MANY)]
        for turn in range(2):
            for nth, connection in enumerate(many):
                connection.request("POST", "/v1/events", _view(f"many-{nth}-{turn}"), headers)
            for nth, connection in enumerate(many):
                with contextlib.suppress(OSError, http.client.HTTPException), connection.getresponse() as answer:
                    answer.read()
                    if answer.status == http.HTTPStatus.OK:
                        answered += 1
                        load.know([f"many-{nth}-{turn}"])
    found.did = f"{answered:,} of {2 * _MANY:,} bodies answered"
    found.faults += [] if answered == 2 * _MANY else [f"many connections: {answered} of {2 * _MANY} bodies answered"]
    victim.stop()
    found.check(victim, load)
    return found


DISTURBANCES: tuple[Callable[[Path], Disturbed], ...] = (
    disk_full,
    not_writable,
    clock_jumps,
    half_bodies,
    slow_clients,
    many_connections,
)
"""In the order of the table."""


def _view(event_id: str) -> str:
    """Return an event as JSON."""
    return f'{{"kind": "page_view", "event_id": "{event_id}", "visitor_id": "v", "occurred_at": "2026-01-05T10:00:00Z"}}'


def _refused(load: Load) -> int:
    """Wait until bodies are answered with 503, and for a drain to be tried; return to how many there was such an answer."""
    before, end = load.told.refused.get(http.HTTPStatus.SERVICE_UNAVAILABLE, 0), time.monotonic() + _PATIENCE
    while load.told.refused.get(http.HTTPStatus.SERVICE_UNAVAILABLE, 0) == before:
        if time.monotonic() > end:
            raise RuntimeError("nothing was refused, though nothing can be written")
        time.sleep(0.01)
    time.sleep(_DRAIN_SECONDS)
    return load.told.refused[http.HTTPStatus.SERVICE_UNAVAILABLE] - before


def _latency(victim: Victim) -> str:
    """Return how long single requests take meanwhile."""
    took = []
    with victim.connection() as connection:
        for _ in range(50):
            begin = time.monotonic()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            took.append(time.monotonic() - begin)
    return f"median {statistics.median(took) * 1000:.0f} ms, slowest of 50 {max(took) * 1000:.0f} ms"


def _is_done(*words: str) -> bool:
    """Run a command of the system; return whether it could be run and did its work."""
    path = shutil.which(words[0])
    return path is not None and subprocess.run([path, *words[1:]], check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small disk in a folder; None where that is not permitted."""
    image, place = folder / "disk", folder / "mounted"
    place.mkdir()
    made = _is_done("truncate", "-s", _SMALL, str(image)) and _is_done("mkfs.ext4", "-q", str(image))
    if not made or not _is_done("mount", "-o", "loop", str(image), str(place)):
        yield None
        return
    try:
        yield place
    finally:
        _is_done("umount", str(place))


@contextlib.contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Fill a disk with a file until nothing more fits."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
        with contextlib.suppress(OSError):
            os.fsync(file.fileno())
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def _limited(victim: Victim) -> Iterator[None]:
    """Let the processes write no file that is larger than the inbox is now."""
    pids = (victim.running.pid, *victim.processes().values())
    _, hard = resource.prlimit(victim.running.pid, resource.RLIMIT_FSIZE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_ROOM, hard))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
