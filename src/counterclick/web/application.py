"""The application: which address is answered by whom, and how errors are told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from counterclick.errors import CounterclickError, StoreError
from counterclick.web.bodies import BodyError
from counterclick.web.events import take_events
from counterclick.web.ofrep import evaluate_all, evaluate_flag, refetch
from counterclick.web.operations import healthz, metrics, readyz
from counterclick.web.pixel import take_pixel
from counterclick.web.scripts import script
from counterclick.web.segment import take_batch, take_message
from counterclick.web.service import Service
from counterclick.web.shopify import take_webhook
from counterclick.web.visits import collect, known_visitor

__all__ = ["application"]

_log = logging.getLogger("counterclick.web")
_UNKNOWN = 401


def application(service: Service) -> Litestar:
    """Return the ASGI application of a shop that is served."""
    return Litestar(
        [
            take_events,
            take_message,
            take_batch,
            take_webhook,
            script,
            known_visitor,
            collect,
            take_pixel,
            evaluate_flag,
            evaluate_all,
            refetch,
            healthz,
            readyz,
            metrics,
        ],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        exception_handlers={BodyError: _refused, StoreError: _unwritten, CounterclickError: _misled},
        cors_config=_cors(service.shop.config.serve.origins),
        openapi_config=OpenAPIConfig(title="Counterclick", version="1", path="/docs"),
        request_max_body_size=None,  # `read_body` knows the limits
    )


def _cors(origins: Sequence[str]) -> CORSConfig | None:
    """Let declared pages ask, with cookies, and read the answers; without any, only the server's own host may."""
    if not origins:
        return None
    headers = ["authorization", "content-encoding", "content-type", "if-none-match", "x-api-key"]
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=headers,
        allow_credentials=True,
        expose_headers=["etag"],
        max_age=86_400,
    )


def _refused(request: Request[Any, Any, Any], error: BodyError) -> Response[dict[str, str]]:
    del request
    headers = {"Connection": "close"}  # what is left of the body is not read
    if error.status == _UNKNOWN:
        headers["WWW-Authenticate"] = 'Basic realm="counterclick"'
    return Response({"error": error.says}, status_code=error.status, headers=headers)


def _unwritten(request: Request[Any, Any, Any], error: StoreError) -> Response[dict[str, str]]:
    """Nothing of it was kept: the sender is to try again."""
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return Response({"error": str(error)}, status_code=503, headers={"Retry-After": "5"})


def _misled(request: Request[Any, Any, Any], error: CounterclickError) -> Response[dict[str, str]]:
    del request
    return Response({"error": str(error)}, status_code=400)
