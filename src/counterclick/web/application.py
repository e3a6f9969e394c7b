"""The application: which address is answered by whom, and how errors are told."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

from counterclick.errors import (
    CounterclickError,
    CurrencyError,
    EmptyStoreError,
    RefusedError,
    StoreError,
    UnknownNameError,
)
from counterclick.web.bodies import BodyError
from counterclick.web.decide import decide
from counterclick.web.events import take_events
from counterclick.web.figures import FIGURES
from counterclick.web.ofrep import evaluate_all, evaluate_flag, refetch
from counterclick.web.operations import healthz, metrics, readyz
from counterclick.web.segment import take_batch, take_message
from counterclick.web.senders import take_alhena, take_chat, take_ga4, take_klaviyo, take_return
from counterclick.web.service import Service
from counterclick.web.shopify import take_webhook

__all__ = ["application"]

_log = logging.getLogger("counterclick.web")
_UNAUTHORISED = 401


def application(service: Service) -> Litestar:
    """Return the ASGI application of a shop that is served."""
    return Litestar(
        [
            take_events,
            take_message,
            take_batch,
            take_webhook,
            take_ga4,
            take_klaviyo,
            take_return,
            take_chat,
            take_alhena,
            evaluate_flag,
            evaluate_all,
            refetch,
            decide,
            *FIGURES,
            healthz,
            readyz,
            metrics,
        ],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        exception_handlers={
            BodyError: _refused,
            HTTPException: _misasked,
            StoreError: _unwritten,
            UnknownNameError: _unknown,
            EmptyStoreError: _cannot,
            RefusedError: _cannot,
            CurrencyError: _cannot,
            CounterclickError: _misled,
        },
        openapi_config=OpenAPIConfig(title="Counterclick", version="1", path="/docs"),
        request_max_body_size=None,  # `read_body` knows the limits
    )


def _refused(request: Request[Any, Any, Any], error: BodyError) -> Response[dict[str, str]]:
    del request
    headers = {"WWW-Authenticate": 'Basic realm="counterclick"'} if error.status == _UNAUTHORISED else {}
    if error.again_seconds is not None:
        headers["Retry-After"] = str(error.again_seconds)
    return Response({"error": error.says}, status_code=error.status, headers=headers)


def _misasked(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    """No such address, another method, a parameter that is none."""
    del request
    wrong = [f"{each['key']}: {each['message']}" for each in error.extra or () if isinstance(each, dict) and "key" in each]
    says = "; ".join(wrong) or error.detail
    return Response({"error": says}, status_code=error.status_code, headers=error.headers)


def _unwritten(request: Request[Any, Any, Any], error: StoreError) -> Response[dict[str, str]]:
    """Nothing of it was kept: the sender is to try again."""
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return Response({"error": str(error)}, status_code=503, headers={"Retry-After": "5"})


def _unknown(request: Request[Any, Any, Any], error: UnknownNameError) -> Response[dict[str, str]]:
    del request
    return Response({"error": str(error)}, status_code=404)


def _cannot(request: Request[Any, Any, Any], error: CounterclickError) -> Response[dict[str, str]]:
    """The question is right, and what is recorded does not answer it."""
    del request
    return Response({"error": str(error)}, status_code=409)


def _misled(request: Request[Any, Any, Any], error: CounterclickError) -> Response[dict[str, str]]:
    del request
    return Response({"error": str(error)}, status_code=400)
