"""What is compared with: the same server and the same inbox, and a handler that stores bodies without reading them.

    python tools/bench_ingest_bare.py FOLDER PORT [--nothing]

With --nothing it stores none of them either.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, get, post

from counterclick.lazily import keep_loaded
from counterclick.store.inbox import Body, Inbox
from counterclick.web.urgent import answer_soon

INBOX = Inbox(Path(sys.argv[1]) / "inbox.sqlite")


@post("/v1/events", status_code=200)
async def keep(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Put a body into the inbox and answer when it is on disk."""
    body = Body(datetime.now(UTC).isoformat(), "api", (await request.body()).decode())
    await asyncio.wrap_future(INBOX.submit([body]))
    return Response(b"{}", media_type="application/json")


@post("/ofrep/v1/evaluate/flags/{key:str}", status_code=200)
async def flag(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer the same to everybody; a new visitor's body is kept first."""
    body = await request.body()
    if b"known-" not in body:
        await asyncio.wrap_future(INBOX.submit([Body(datetime.now(UTC).isoformat(), "flags", body.decode())]))
    return Response(b"{}", media_type="application/json")


@post(["/v1/events", "/v1/decide/{surface:str}", "/ofrep/v1/evaluate/flags/{key:str}"], status_code=200)
async def nothing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer the same to everybody."""
    await request.body()
    return Response(b"{}", media_type="application/json")


@get("/readyz", sync_to_thread=False)
def ready() -> dict[str, str]:
    """Say that it takes bodies."""
    return {"status": "ready"}


async def main() -> None:
    """Serve until told to stop; like ours, before whoever works beside it, and without looking through what is loaded."""
    answer_soon()
    server = Server(
        Litestar([nothing, ready] if "--nothing" in sys.argv else [keep, flag, ready], openapi_config=None),
        port=int(sys.argv[2]),
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    keep_loaded()
    await server.serve()
    INBOX.close()


if __name__ == "__main__":
    asyncio.run(main())
