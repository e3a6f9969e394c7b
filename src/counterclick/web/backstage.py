"""Behind the scenes of a served shop: a process of its own moves what waits into the log, and does what is due.

Neither holds up those who are answered: it has an interpreter of its own, and gives way where the machine is busy. Killed at
any moment, it loses nothing: what it had not moved waits in the inbox, and the next one goes on (`counterclick.web.child`).
It ends when it is told to, and at once when nobody is there any more to tell it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from counterclick.errors import ConfigError, CounterclickError, StoreError
from counterclick.shapes import from_json
from counterclick.shop.declared import is_declared
from counterclick.shop.housekeeping import Housekeeping
from counterclick.shop.premises import Premises
from counterclick.web.frames import ALONE, READY, REFUSED, STOP, Told, frame, heard
from counterclick.web.logs import logging_to, say
from counterclick.web.urgent import is_first

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["main"]

_DRAIN_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_MANY = 300
"""Bodies that are moved at once although they have not waited for long: who reads the shop reads them as they came."""
_NICE = 10
"""How far it steps back behind those who answer, at the price that more waits on a busy machine."""


def main() -> int:
    """Work for a shop until told to stop; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a terminal or a service manager tells all at once: events still come
        signal.signal(number, signal.SIG_IGN)
    line = socket.socket(fileno=sys.stdin.fileno())
    messages = heard(line)
    told = from_json(next(messages), Told)
    stopping = threading.Event()
    threading.Thread(target=_listen, args=(messages, stopping), daemon=True).start()
    premises = Premises(told.config, Path(told.folder))
    known = False
    with contextlib.suppress(StoreError):  # the log cannot be read now: declaring tells of it
        known = is_declared(premises.store, told.config)
    if known:
        _step_back()
    try:
        shop = premises.shop()
    except ConfigError as error:
        line.sendall(frame(str(error).encode()))
        return REFUSED
    from counterclick.web.fitting import keep_fitted  # noqa: PLC0415 - with what learns, which has time until here

    with logging_to():
        _declare(shop)
        line.sendall(frame(READY))
        if not known:
            _step_back()
        keeping = threading.Thread(target=_keep_house, args=(shop, stopping))
        keeping.start()
        fitting = threading.Thread(target=keep_fitted, args=(shop.store, told, stopping))
        fitting.start()
        while not _waits(shop, stopping):
            _drain(shop)
        _drain(shop)
        keeping.join()
        fitting.join()
    shop.store.close()
    return 0


def _step_back() -> None:
    """Let those who answer go first, where they do not do so anyway and the system allows to say so."""
    if not is_first(os.getppid()):
        with contextlib.suppress(OSError):
            os.nice(_NICE)


def _listen(messages: Iterator[bytes], stopping: threading.Event) -> None:
    """Wait for the word to stop; without anybody who could say it, end at once."""
    if next(messages, None) != STOP:
        os._exit(ALONE)
    stopping.set()


def _waits(shop: Shop, stopping: threading.Event) -> bool:
    """Wait until there is something to be moved: many bodies, or some for a while; say whether it is told to stop."""
    end = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < end:
        if stopping.wait(_LOOK_SECONDS):
            return True
        with contextlib.suppress(StoreError):
            if shop.store.inbox.count() > _MANY:
                break
    return stopping.is_set()


def _declare(shop: Shop) -> None:
    try:
        shop.declare()
        shop.refresh()
    except CounterclickError as error:
        say(logging.ERROR, "what is declared could not be written to the log", error=error)


def _drain(shop: Shop) -> None:
    """Move what waits into the log; what cannot be moved waits on."""
    try:
        moved = shop.store.drain()
    except StoreError as error:
        say(logging.ERROR, "what waits could not be moved into the log", error=error)
    else:
        if moved:
            say(logging.INFO, "drained", bodies=moved)


def _keep_house(shop: Shop, stopping: threading.Event) -> None:
    """Do what is due, again and again; what could not be done is told, and tried again later."""
    house = Housekeeping(shop.store, shop.config, shop.rights.requests)
    while True:
        try:
            for did in house.work():
                say(logging.WARNING, "kept house", did=did)
        except CounterclickError as error:
            say(logging.ERROR, "what is due could not be done", error=error)
        if stopping.wait(_DRAIN_SECONDS):
            return


if __name__ == "__main__":
    sys.exit(main())
