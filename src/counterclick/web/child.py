"""A process beside the one that answers: started, spoken to, told to stop, and started anew where it died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import cast

import msgspec

from counterclick.errors import ConfigError, StoreError
from counterclick.shop.premises import Premises
from counterclick.web.frames import READY, REFUSED, STOP, Frames, Told, frame
from counterclick.web.logs import say
from counterclick.web.urgent import as_usual

__all__ = ["Child"]

_AGAIN_SECONDS = 1.0
"""Before one that died is started anew."""


class Child:
    """One process, and the line to it, which ends with either of them.

    ``begun`` is set while it has begun, and not ended.

    Args:
        module: what runs in it.
        premises: of the shop.
        heard: called with each message of its, but for the one that it has begun.
        lost: called when it has ended.
    """

    def __init__(
        self,
        module: str,
        premises: Premises,
        heard: Callable[[bytes], None] = lambda _message: None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._module = module
        self._told = msgspec.json.encode(Told(premises.config, str(premises.folder)))
        self._heard = heard
        self._lost = lost
        self._line: _Line | None = None
        self.begun = asyncio.Event()
        self._stopping = asyncio.Event()

    async def start(self) -> asyncio.Task[None]:
        """Start it; return what ends when it has ended for good: after `stop`, or with a `ConfigError` that it told."""
        process = await self._begin()
        return asyncio.create_task(self._keep(process))

    def send(self, message: bytes) -> None:
        """Say something to it.

        Raises:
            StoreError: it has ended, and the next one has not begun.
        """
        if self._line is None:
            raise StoreError("a process of the server is being started anew; ask again in a moment.")
        self._line.send(message)

    def stop(self) -> None:
        """Let it do what is left, and end."""
        self._stopping.set()

    def _hear(self, message: bytes) -> None:
        if message == READY:
            self.begun.set()
        else:
            self._heard(message)

    async def _begin(self) -> asyncio.subprocess.Process:
        ours, theirs = socket.socketpair()
        with theirs, as_usual():
            process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", self._module, stdin=theirs.fileno())
        line = _Line(self._hear)
        await asyncio.get_running_loop().create_connection(lambda: line, sock=ours)
        line.send(self._told)
        self._line = line  # from here on others may speak to it: it has heard what it is told first
        return process

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        while True:
            ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(self._stopping.wait())
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            line, self._line = self._line, None
            self.begun.clear()
            if self._stopping.is_set() and line is not None:
                line.send(STOP)
            status = await ended
            if line is not None:
                await line.closed.wait()
            self._lost()
            if status == REFUSED and line is not None:
                raise ConfigError(line.last.decode())
            if self._stopping.is_set():
                return
            say(logging.ERROR, "a process has ended and is started anew", process=self._module, status=status)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _AGAIN_SECONDS)
            process = await self._begin()


class _Line(asyncio.Protocol):
    """Our end of the socket."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self.last = b""
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand messages on."""
        for message in self._frames.add(data):
            self.last = message
            self._heard(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        """Say that nothing more comes."""
        self.closed.set()

    def send(self, message: bytes) -> None:
        """Write a message."""
        if self._transport is not None:
            self._transport.write(frame(message))
