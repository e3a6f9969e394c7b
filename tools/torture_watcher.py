"""Kill by SIGKILL as soon as a path appears, or changes: ``python tools/torture_watcher.py PID PATH SECONDS [group]``.

With ``group`` the process and all that it has begun are killed, else it alone.

A process of its own, before others where that is permitted, since what it waits for lasts some milliseconds. It ends with 1
where nothing happened in so many seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

_LOOK_SECONDS = 0.0002


def state(path: str) -> int:
    """Return when a path changed last; 0 where it is not there."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - the quickest way to ask
    except FileNotFoundError:
        return 0


def main() -> int:
    """Watch, and kill."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    pid, path, end = int(sys.argv[1]), sys.argv[2], time.monotonic() + float(sys.argv[3])
    before = state(path)
    while state(path) == before:
        if time.monotonic() > end:
            return 1
        time.sleep(_LOOK_SECONDS)
    (os.killpg if "group" in sys.argv else os.kill)(pid, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
