"""The process that answers, with another one behind the scenes; it stops without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from counterclick.lazily import keep_loaded
from counterclick.shop.declared import is_declared
from counterclick.shop.premises import Premises
from counterclick.web.application import application, pages
from counterclick.web.child import Child
from counterclick.web.dashboard.ahead import work_ahead
from counterclick.web.logs import logging_to, say
from counterclick.web.looking import Looking
from counterclick.web.service import Service
from counterclick.web.straight import Straight
from counterclick.web.urgent import answer_soon
from counterclick.web.watching import Watching

__all__ = ["serve"]

_CONNECTIONS = 10_000
"""Open at once: one that waits, is slow or does nothing takes no other's place."""
_OTHER_FILES = 500
_HEADER_MILLISECONDS = 10_000
"""Until a request's headers are there, and between two requests of a connection."""
_SWITCH_SECONDS = 0.0005
"""A thread that computes lets others go on after so long: answers wait for the inbox's thread, not for a question's turn."""
_LAST_SECONDS = 5.0
"""For those who are still sending when it is told to stop; then their connections are closed without an answer."""
_LATER_SECONDS = 5.0
"""After which what moves events is begun although the first page is being worked out: bodies wait as long anyway."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(shop: Premises, host: str, port: int, *, started: Callable[[], None] = lambda: None) -> None:
    """Serve a shop until the process is told to stop (SIGTERM or SIGINT); what waits is then moved into the log.

    Args:
        shop: which; it is closed at the end.
        host: address to listen on.
        port: of it.
        started: called when requests are taken.

    Raises:
        ConfigError: ``shop.toml`` declares an experiment that cannot be judged.
    """
    _allow_connections()
    sys.setswitchinterval(_SWITCH_SECONDS)
    answer_soon()
    with shop, logging_to():
        asyncio.run(_serving(Service(shop), host, port, started))


def _allow_connections() -> None:
    """Let the process have so many files open, as far as the system allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


async def _serving(service: Service, host: str, port: int, started: Callable[[], None]) -> None:
    server = Server(
        Watching(_answering(service), every=service.shop.config.serve.access_log),
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
    behind = Child("counterclick.web.backstage", service.shop)
    keeping = await service.handing.child.start()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    if service.shop.access.has_password:  # somebody may look: what works figures out loads while the others begin
        await service.asking.begin()
    if await asyncio.to_thread(is_declared, service.shop.store, service.shop.config):
        moving = asyncio.create_task(_begun_later(behind, service, stopping))
    else:
        moving = await behind.start()
        await _first({moving, *_happening(behind.begun, stopping)})
    await _first({keeping, *_happening(service.handing.child.begun, stopping)})
    if not (moving.done() or stopping.is_set()):
        serving = asyncio.create_task(server.serve())
        ahead = asyncio.create_task(work_ahead(service))
        started()
        service.deciding.take_up()
        keep_loaded()
        say(logging.INFO, "started", host=host, port=port)
        await _first({serving, keeping, moving, *_happening(stopping)})
        service.is_ready = False
        say(logging.INFO, "stopping")
        ahead.cancel()
        stop: Callable[[], None] = server.stop  # it has no types of its own
        await service.asking.close()
        stop()
        await asyncio.wait({serving}, timeout=_LAST_SECONDS)
    await service.asking.close()  # also where it began and nobody was served
    service.deciding.close()
    await service.exposing.finish()
    for child, ended in ((service.handing.child, keeping), (behind, moving)):  # what is kept first, then what moves it
        child.stop()
        await ended
    say(logging.INFO, "stopped")


def _answering(service: Service) -> ASGIApp:
    return Straight(Looking(application(service), partial(pages, service)), service)


async def _begun_later(child: Child, service: Service, stopping: asyncio.Event) -> None:
    """Begin what nobody waits for when others have done what somebody may, so that it takes nothing from them; keep it."""
    await _first({*_happening(service.handing.child.begun, stopping)})
    if service.shop.access.has_password:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_first({*_happening(service.asking.has_answered, stopping)}), _LATER_SECONDS)
    await (await child.start())


def _happening(*events: asyncio.Event) -> list[asyncio.Task[Any]]:
    """Return for each event what ends when it happens."""
    return [asyncio.create_task(each.wait()) for each in events]


async def _first(awaited: set[asyncio.Task[Any]]) -> None:
    """Wait until one of these ends."""
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
