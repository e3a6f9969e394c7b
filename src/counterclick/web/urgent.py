"""Threads that answer come before those that work, where the machine is busy.

A thread that waits for a request has little to do when one comes; what works beside it keeps a processor for milliseconds.
Linux (6.12 and later) lets a thread ask for short turns, which then come soon: it gets no larger share, and needs no rights
(sched_setattr(2), `sched_runtime` of SCHED_OTHER). Elsewhere nothing is asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

__all__ = ["answer_soon", "step_back", "turn", "work_as_usual"]

_TURN_NANOSECONDS = 100_000
"""The shortest there is."""
_NICE = 19
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275)}
"""Machine -> numbers of sched_setattr and sched_getattr."""
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""size, policy, flags, nice, priority, runtime, deadline, period."""


def answer_soon() -> None:
    """Ask for short turns, for this thread and those that it begins; a process that it begins has them too."""
    _ask(_TURN_NANOSECONDS)


def work_as_usual(*, everywhere: bool = False) -> None:
    """Ask for turns as everybody has them.

    Args:
        everywhere: for all threads of this process, not for this one alone.
    """
    for thread in _own_threads() if everywhere else (0,):
        _ask(0, thread)


def step_back() -> None:
    """Run only where a processor has nothing else to do, with all threads, so that nobody who is answered waits."""
    with contextlib.suppress(OSError):
        if sys.platform != "linux":
            os.nice(_NICE)
            return
        for thread in _own_threads():
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def turn(thread: int = 0) -> int | None:
    """Return how long a thread's turns are, in nanoseconds; None where the system does not say.

    Args:
        thread: its id; 0 is this one.
    """
    found = ctypes.create_string_buffer(_ATTRIBUTES.size)
    said = _called(1, thread, found, ctypes.c_uint(_ATTRIBUTES.size), ctypes.c_uint(0))
    return _ATTRIBUTES.unpack(found.raw)[5] or None if said else None


def _own_threads() -> tuple[int, ...]:
    own = Path("/proc/self/task")
    return tuple(int(each.name) for each in own.iterdir()) if own.exists() else (0,)


def _ask(nanoseconds: int, thread: int = 0) -> None:
    found = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if _called(1, thread, found, ctypes.c_uint(_ATTRIBUTES.size), ctypes.c_uint(0)):
        size, policy, flags, nice, priority, _turn, deadline, period = _ATTRIBUTES.unpack(found.raw)
        if policy == 0:  # what somebody else has decided holds
            wanted = _ATTRIBUTES.pack(size, policy, flags, nice, priority, nanoseconds, deadline, period)
            _called(0, thread, wanted, ctypes.c_uint(0))


def _called(which: int, *arguments: object) -> bool:
    """Call the system; say whether it did what was asked."""
    numbers = _CALLS.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        return False
    with contextlib.suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).syscall(numbers[which], *arguments) == 0)
    return False
