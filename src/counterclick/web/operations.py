"""For those who run it: is it alive, is it ready, what has it done."""

from __future__ import annotations

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from counterclick.web.service import Service

__all__ = ["healthz", "metrics", "readyz"]


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@get("/readyz", sync_to_thread=True)
def readyz(service: Service) -> Response[dict[str, str]]:
    """Say whether events can be taken: what keeps them has begun, the log can be read, and nobody is stopping it."""
    if not service.is_ready:
        return Response({"status": "stopping"}, status_code=503)
    if not service.handing.child.begun.is_set():
        return Response({"status": "starting"}, status_code=503)
    service.shop.store.inbox.count()
    service.shop.store.log.snapshot()
    return Response({"status": "ready"})


@get("/metrics", sync_to_thread=True)
def metrics(service: Service) -> Response[bytes]:
    """Return counts in Prometheus' words."""
    return Response(generate_latest(service.registry), headers={"content-type": CONTENT_TYPE_LATEST})
