"""The process: it serves, moves what waits into the log, and stops without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import sys
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from counterclick.errors import CounterclickError, StoreError
from counterclick.shop import Shop
from counterclick.web.application import application
from counterclick.web.logs import logging_to, say
from counterclick.web.service import Service
from counterclick.web.watching import Watching

__all__ = ["serve"]

_DRAIN_SECONDS = 5.0
_CONNECTIONS = 10_000
"""Open at once: one that waits, is slow or does nothing takes no other's place."""
_OTHER_FILES = 500
_HEADER_MILLISECONDS = 10_000
"""Until a request's headers are there, and between two requests of a connection."""
_SWITCH_SECONDS = 0.0005
"""A thread that computes lets others go on after so long: answers wait for the inbox's thread, not for a drain's turn."""
_LAST_SECONDS = 5.0
"""For those who are still sending when it is told to stop; then their connections are closed without an answer."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(shop: Shop, host: str, port: int, *, started: Callable[[], None] = lambda: None) -> None:
    """Serve a shop until the process is told to stop (SIGTERM or SIGINT); what waits is then moved into the log.

    Args:
        shop: which; it is closed at the end.
        host: address to listen on.
        port: of it.
        started: called when requests are taken.
    """
    _allow_connections()
    sys.setswitchinterval(_SWITCH_SECONDS)
    with shop, logging_to():
        shop.declare()
        asyncio.run(_serving(Service(shop), host, port, started))


def _allow_connections() -> None:
    """Let the process have so many files open, as far as the system allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


async def _serving(service: Service, host: str, port: int, started: Callable[[], None]) -> None:
    server = Server(
        Watching(application(service), every=service.shop.config.serve.access_log),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
    )
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    serving = asyncio.create_task(server.serve())
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    draining = asyncio.create_task(_draining(service, stopping))
    keeping = asyncio.create_task(_keeping_house(service, stopping))
    started()
    say(logging.INFO, "started", host=host, port=port)
    await asyncio.wait({serving, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
    service.is_ready = False
    say(logging.INFO, "stopping")
    stopping.set()
    await service.asking.close()
    service.deciding.close()
    stop: Callable[[], None] = server.stop  # it has no types of its own
    stop()
    await asyncio.wait({serving}, timeout=_LAST_SECONDS)
    await draining
    await keeping
    say(logging.INFO, "stopped")


async def _draining(service: Service, stopping: asyncio.Event) -> None:
    """Move what waits into the log, again and again; what cannot be moved waits on."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _DRAIN_SECONDS)
        try:
            moved = await asyncio.to_thread(service.shop.store.drain)
        except StoreError as error:
            say(logging.ERROR, "what waits could not be moved into the log", error=error)
        else:
            if moved:
                say(logging.INFO, "drained", bodies=moved)


async def _keeping_house(service: Service, stopping: asyncio.Event) -> None:
    """Do what is due beside serving, again and again; what could not be done is told, and tried again later."""
    while not stopping.is_set():
        try:
            for did in await asyncio.to_thread(service.housekeeping.work):
                say(logging.WARNING, "kept house", did=did)
        except CounterclickError as error:
            say(logging.ERROR, "what is due could not be done", error=error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _DRAIN_SECONDS)
