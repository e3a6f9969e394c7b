"""The process that works figures out: one question at a time, behind all others where the machine is busy.

It has an interpreter of its own, so that neither queries nor what is made of them hold up those who send events. It keeps
nothing that cannot be worked out again: killed at any moment, it is begun anew, and who asked is told to ask again. Told to
stop, or left alone, it breaks off the query that runs.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import msgspec

from counterclick.errors import CounterclickError
from counterclick.lazily import keep_loaded, loading
from counterclick.shapes import from_json, from_msgpack
from counterclick.shop.answering import Answering
from counterclick.shop.premises import Premises
from counterclick.web.frames import ALONE, READY, STOP, Question, Reply, Told, frame, heard
from counterclick.web.logs import logging_to
from counterclick.web.urgent import step_back

__all__ = ["main"]

_PATIENCE = 10.0
"""Seconds for what is under way to break off."""
_TICK = 0.05


def main() -> int:
    """Work out what is asked until told to stop, or until nobody is there any more; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a terminal or a service manager tells all at once
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=sys.stdin.fileno()) as line, logging_to():
        messages = heard(line)
        told = from_json(next(messages), Told)
        answering = Answering(Premises(told.config, Path(told.folder)))
        asked = SimpleQueue[Question | None]()
        stopping = threading.Event()
        threading.Thread(target=_listen, args=(messages, asked, answering, stopping), daemon=True).start()
        line.sendall(frame(READY))
        _load()
        step_back()
        while (question := asked.get()) is not None and not stopping.is_set():
            reply = frame(msgspec.msgpack.encode(_reply(answering, question)))
            if stopping.is_set():
                break  # what was broken off is no answer
            with contextlib.suppress(OSError):  # nobody is there any more, which is heard as well
                line.sendall(reply)
        answering.close()
    return 0


def _load() -> None:
    """Load what the first question needs, which takes a second or two."""
    with loading():
        for needed in ("counterclick.shop.front", "counterclick.web.dashboard.pages.home"):
            importlib.import_module(needed)
    keep_loaded()


def _listen(
    messages: Iterator[bytes], asked: SimpleQueue[Question | None], answering: Answering, stopping: threading.Event
) -> None:
    """Hand questions on; told to stop, or without anybody who could ask, let what runs fail and see the process end."""
    for message in messages:
        if message == STOP:
            break
        asked.put(from_msgpack(message, Question))
    stopping.set()
    asked.put(None)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        answering.interrupt()
        time.sleep(_TICK)
    os._exit(ALONE)


def _reply(answering: Answering, question: Question) -> Reply:
    """Return the answer to a question, or why there is none."""
    try:
        found = answering.answer(pickle.loads(question.body))  # noqa: S301 - of the process that has begun this one
        return Reply(question.number, pickle.dumps(found), is_error=False)
    except Exception as error:  # noqa: BLE001 - whoever asked is told
        return Reply(question.number, _told(error), is_error=True)


def _told(error: Exception) -> bytes:
    """Return an error as the other process raises it; what is a mistake of ours says where it came about."""
    if isinstance(error, CounterclickError):
        return pickle.dumps(error)
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.add_note("".join(traceback.format_exception(error)))
    return pickle.dumps(told)


if __name__ == "__main__":
    sys.exit(main())
