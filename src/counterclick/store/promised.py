"""What was promised to be kept and is on its way to the inbox: in files that outlive their process, though not the machine.

Nobody waits for the disk to write these: the system holds them when a process is killed, at whatever moment. Each process
has files of its own and holds their locks; whoever opens the store next takes over what a process left that has ended.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from counterclick.shapes import json_reader
from counterclick.store.inbox import Body

__all__ = ["PROMISED", "Promise", "Promised", "take_over"]

PROMISED = "promised"
"""Their folder, in the store's."""

_FULL = 1 << 18
"""Bytes after which another file is begun."""
_encode = msgspec.json.Encoder().encode
_decode = json_reader(Body)


class Promise:
    """A file with what was promised.

    Args:
        path: of the file, which is made.

    Attributes:
        n_open: bodies of which it is not known that they are on disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self.n_open = 0
        self._size = 0
        self._is_ours = _is_locked(self._file)

    @property
    def is_lost(self) -> bool:
        """Whether somebody took it over before it was locked."""
        return not self._is_ours or not os.fstat(self._file).st_nlink

    @property
    def is_full(self) -> bool:
        """Whether another one is to be begun."""
        return self._size >= _FULL

    def note(self, line: bytes) -> None:
        """Write a line.

        Raises:
            OSError: it was not written, or not the whole of it.
        """
        if os.write(self._file, line) != len(line):
            self._size = _FULL  # nothing is to follow half a line
            raise OSError(f"{self._path} could not be written.")
        self._size += len(line)
        self.n_open += 1

    def remove(self) -> None:
        """Delete it: nothing in it is still to be kept."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


class Promised:
    """The files of one process.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._promise: Promise | None = None

    def note(self, bodies: Sequence[Body]) -> Promise:
        """Promise to keep bodies; they outlive this process from now on.

        Raises:
            OSError: they could not be written.
        """
        if self._promise is None or self._promise.is_full:
            if self._promise is not None and not self._promise.n_open:
                self._promise.remove()
            self._promise = self._begun()
        self._promise.note(b"".join(_encode(body) + b"\n" for body in bodies))
        return self._promise

    def kept(self, promise: Promise) -> None:
        """Say that what was promised at once is in the inbox, on disk."""
        promise.n_open -= 1
        if promise is not self._promise and not promise.n_open:
            promise.remove()

    def tidy(self) -> None:
        """Delete the file where all of it was kept: it names visitors."""
        if self._promise is not None and not self._promise.n_open:
            self._promise.remove()
            self._promise = None

    def _begun(self) -> Promise:
        self._folder.mkdir(exist_ok=True)
        promise = Promise(self._folder / f"{uuid.uuid4().hex}.jsonl")
        while promise.is_lost:
            promise.remove()
            promise = Promise(self._folder / f"{uuid.uuid4().hex}.jsonl")
        return promise


def take_over(folder: Path, keep: Callable[[Sequence[Body]], object]) -> None:
    """Keep what processes had promised that have ended.

    Args:
        folder: where their files lie.
        keep: puts bodies into the inbox; when it returns they are on disk.
    """
    for path in sorted(folder.glob("*.jsonl")):
        try:
            file = path.open("rb")
        except FileNotFoundError:  # its process, or another one, is done with it
            continue
        with file:
            if not _is_locked(file.fileno()):  # its process lives
                continue
            bodies = [_decode(line) for line in file.read().split(b"\n")[:-1]]  # half a line was never promised
            if bodies:
                keep(bodies)
            path.unlink(missing_ok=True)


def _is_locked(file: int) -> bool:
    """Lock a file, unless another process has; return whether that is done."""
    import fcntl  # noqa: PLC0415 - where shops are served; elsewhere there is no such file

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
