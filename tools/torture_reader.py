"""Open a shop and count its events, again and again, until the standard input ends; print what each poll found, as JSON.

A poll that fails, counts an event twice, or counts fewer than the poll before is told as an error, and the next one follows.
"""

from __future__ import annotations

import json
import select
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from torture_shop import looking

_PAUSE_SECONDS = 0.2


def poll(toml: str, *, plainly: bool) -> dict[str, Any]:
    """Return when a poll began and ended (seconds, monotonic), and what it counted.

    Args:
        toml: of the shop.
        plainly: whether only to count, as one who trusts the shop does.
    """
    begin = time.monotonic()
    with looking(Path(toml)) as shop:
        if plainly:
            n = shop.reading.one("SELECT count(*) FROM events")
            return {"begin": begin, "end": time.monotonic(), "n": n}
        n, distinct = shop.reading.rows("SELECT count(*), count(DISTINCT (kind, event_id)) FROM events")[0]
    found = {"begin": begin, "end": time.monotonic(), "n": n}
    return found if n == distinct else {**found, "error": f"{n} events, {distinct} keys"}


def main() -> None:
    """Poll until nobody listens."""
    most = 0
    while not select.select([sys.stdin], [], [], _PAUSE_SECONDS)[0]:
        begin = time.monotonic()
        try:
            found = poll(sys.argv[1], plainly=sys.argv[2:] == ["plainly"])
        except Exception:  # noqa: BLE001 - whatever it is, it is what this looks for
            found = {"begin": begin, "end": time.monotonic(), "n": most, "error": traceback.format_exc()}
        if found["n"] < most:
            found["error"] = f"{found['n']} events after {most}"
        most = max(most, found["n"])
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
