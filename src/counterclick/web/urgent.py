"""Threads that answer come before those that work, where the machine is busy.

A thread that waits for a request has little to do when one comes; what works beside it keeps a processor for milliseconds.
Linux lets a thread go before all others (sched(7), SCHED_RR), which needs a right: ``LimitRTPRIO=1`` of systemd,
``--ulimit rtprio=1`` of a container, or root. Without it a thread asks for short turns (6.12 and later), which come sooner,
give it no larger share and need no rights (sched_setattr(2), `sched_runtime` of SCHED_OTHER). Elsewhere nothing is
asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["answer_soon", "as_usual", "is_first", "step_back", "turn", "work_as_usual"]

_TURN_NANOSECONDS = 100_000
"""The shortest there is."""
_FIRST = 1
"""The lowest of the ranks that go before all others."""
_OURS = (os.SCHED_OTHER, os.SCHED_RR) if sys.platform == "linux" else ()
_NICE = 19
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275)}
"""Machine -> numbers of sched_setattr and sched_getattr."""
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""size, policy, flags, nice, priority, runtime, deadline, period."""


def answer_soon() -> bool:
    """Ask to go before all others, for this thread and those that it begins; return whether that is allowed.

    Where it is not, short turns are asked for. A process is begun within `as_usual`, or it has both too.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(0) in _OURS:  # what somebody else has decided holds
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_FIRST))
                return True
    _ask(_TURN_NANOSECONDS)
    return False


def work_as_usual() -> None:
    """Take turns as everybody has them, with this thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(0) in _OURS:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    _ask(0)


@contextlib.contextmanager
def as_usual() -> Iterator[None]:
    """Take turns as everybody has them meanwhile: a process that is begun here, by this thread, has them too."""
    came_first = is_first() or turn() == _TURN_NANOSECONDS
    work_as_usual()
    try:
        yield
    finally:
        if came_first:
            answer_soon()


def is_first(thread: int = 0) -> bool:
    """Return whether a thread goes before all others.

    Args:
        thread: its id; 0 is this one.
    """
    return sys.platform == "linux" and os.sched_getscheduler(thread) == os.SCHED_RR


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
    """Return how long a thread's turns are, in nanoseconds; None where the system does not say, or it has none.

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
