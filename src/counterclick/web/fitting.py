"""A process that fits what is due for the arms of a shop that is served, and ends: what it needed of memory ends with it.

It steps back behind all others. Who answers takes up what it has written when the next one asks.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from counterclick.errors import CounterclickError, EmptyStoreError
from counterclick.shapes import from_json
from counterclick.shop.premises import Premises
from counterclick.store import Store
from counterclick.web.frames import Told
from counterclick.web.logs import logging_to, say
from counterclick.web.urgent import step_back

__all__ = ["again_at", "keep_fitted", "main"]

_LOOK_SECONDS = 5.0
_SOON = timedelta(minutes=1)
"""After which something that has no model that may serve is tried again, where events have come."""
_ANYWAY = timedelta(days=1)
"""After which it is tried again although nothing has come: a model that grows old is fitted anew."""
_SHARE = 20
"""Times as long as a try took, nothing is tried after it: a shop whose orders do not suffice yet is not asked all day."""
_POLL_SECONDS = 0.2


def keep_fitted(store: Store, told: Told, stopping: threading.Event) -> None:
    """Fit what is due, again and again, each time in a process of its own, until told to stop.

    Args:
        store: of the shop.
        told: what the process is told.
        stopping: when to end.
    """
    from counterclick.shop.fitting import due_at, named  # noqa: PLC0415 - statistics and tables come with it

    if not named(told.config):
        return
    tried, next_try, version = datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), -1
    while not stopping.wait(_LOOK_SECONDS):
        try:
            now = datetime.now(UTC)
            if now < next_try or now < due_at(store, told.config, now):
                continue
            newest = store.log.snapshot().version
            if newest == version and now - tried < _ANYWAY:
                continue
            tried, next_try, version = now, now + _SOON, newest
            _fit_apart(told, stopping)
            next_try = again_at(now, datetime.now(UTC))
        except (CounterclickError, OSError) as error:
            say(logging.ERROR, "what is due could not be fitted", error=error)


def again_at(began: datetime, ended: datetime) -> datetime:
    """Return when to try again, at the soonest: trying takes no more than a small share of a processor's time.

    Args:
        began: when the last try began; UTC.
        ended: when it ended; UTC.
    """
    return max(began + _SOON, ended + _SHARE * (ended - began))


def _fit_apart(told: Told, stopping: threading.Event) -> None:
    """Run a process that fits, and end it where the shop is closed meanwhile: a model is written whole or not at all."""
    words = [sys.executable, "-m", __name__]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:  # noqa: S603 - this very module
        if process.stdin is not None:
            process.stdin.write(msgspec.json.encode(told))
            process.stdin.close()
        while process.poll() is None:
            if stopping.wait(_POLL_SECONDS):
                process.kill()  # what tells others to stop, it was begun to ignore


def main() -> int:
    """Fit what is due; return the exit status."""
    from counterclick.shop.fitting import named  # noqa: PLC0415 - as above

    told = from_json(sys.stdin.buffer.read(), Told)
    step_back()
    with logging_to():
        try:
            shop = Premises(told.config, Path(told.folder)).shop()
            found = shop.fit(named(told.config))
        except EmptyStoreError:
            return 0
        except CounterclickError as error:
            say(logging.ERROR, "what is due could not be fitted", error=error)
            return 1
        for each in found.fitted:
            if each.is_new:
                say(logging.INFO, "fitted", model=each.model.name, version=each.model.version)
        shop.drop()
        shop.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
