"""The application: which address is answered by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from counterclick.web.api_page import ApiPage
from counterclick.web.decide import decide, offers, ranking
from counterclick.web.describing import describe
from counterclick.web.events import take_events
from counterclick.web.figures import FIGURES
from counterclick.web.mailing import blocks
from counterclick.web.ofrep import evaluate_all, evaluate_flag, refetch
from counterclick.web.operations import healthz, metrics, readyz
from counterclick.web.pixel import take_pixel
from counterclick.web.refusals import refusals
from counterclick.web.scripts import script
from counterclick.web.segment import take_batch, take_message
from counterclick.web.senders import take_alhena, take_chat, take_ga4, take_klaviyo, take_return
from counterclick.web.service import Service
from counterclick.web.shopify import take_webhook
from counterclick.web.visits import collect, known_visitor

__all__ = ["application", "pages"]

_INSIDE = ("/healthz", "/readyz", "/metrics")
"""Addresses of those who run it, which no limit holds up."""


def application(service: Service) -> Litestar:
    """Return the API of a shop that is served."""
    app = Litestar(
        [
            take_events,
            take_message,
            take_batch,
            take_webhook,
            script,
            known_visitor,
            collect,
            take_pixel,
            take_ga4,
            take_klaviyo,
            take_return,
            take_chat,
            take_alhena,
            evaluate_flag,
            evaluate_all,
            refetch,
            decide,
            offers,
            ranking,
            blocks,
            *FIGURES,
            healthz,
            readyz,
            metrics,
        ],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        cors_config=_cors(service.shop.config.serve.origins),
        exception_handlers=refusals(service.limits),
        before_request=_limiting(service),
        openapi_config=OpenAPIConfig(
            title="Counterclick",
            version="1",
            path="/docs",
            use_handler_docstrings=True,
            render_plugins=[ApiPage()],  # Litestar's own are loaded from other hosts
        ),
        logging_config=None,  # the process has its own (`counterclick.web.logs`)
        request_max_body_size=None,  # `read_body` knows the limits
    )
    describe(app.openapi_schema, service.shop.config)
    return app


def pages(service: Service) -> Litestar:
    """Return the pages of a shop that is served."""
    from counterclick.web.dashboard.missing import for_browsers  # noqa: PLC0415 - as below
    from counterclick.web.dashboard.serving import dashboard  # noqa: PLC0415 - what it loads takes a second or two

    return Litestar(
        [dashboard(service)],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        exception_handlers=for_browsers(refusals(service.limits)),
        before_request=_limiting(service),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
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


def _limiting(service: Service) -> Callable[[Request[Any, Any, Any]], Awaitable[None]]:
    """Return what counts every request against its sender's address, before anything of it is read."""

    async def count(request: Request[Any, Any, Any]) -> None:  # not a function that Litestar hands to a thread
        if request.url.path not in _INSIDE:
            service.limits.address(request)

    return count
