"""OpenFeature's remote evaluation protocol (OFREP 0.3.0): experiments and surfaces as flags.

A single evaluation is an exposure, which is handed over before it is answered. A bulk evaluation is none: a client asks
for all flags at once and uses few of them, so that counting it would dilute every experiment.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import ServerSentEvent, ServerSentEventMessage

from counterclick.errors import CounterclickError, StoreError, UnknownNameError
from counterclick.shop.evaluating import Evaluation
from counterclick.web.bodies import read_body
from counterclick.web.service import Service

__all__ = ["evaluate_all", "evaluate_flag", "flag_evaluated", "refetch"]

_CONTEXT_BYTES = 32 * 1024
_LONGEST_ID = 200
_LOOK_SECONDS = 1.0
_QUIET_SECONDS = 120
_STREAM = "/ofrep/v1/stream"


@post("/ofrep/v1/evaluate/flags/{key:str}", status_code=200)
async def evaluate_flag(request: Request[Any, Any, Any], service: Service, key: str) -> Response[bytes]:
    """Evaluate one flag for ``context.targetingKey``, the visitor, and record that the visitor was eligible."""
    status, told = await flag_evaluated(request, service, key)
    return _json(told, status)


async def flag_evaluated(request: Request[Any, Any, Any], service: Service, key: str) -> tuple[int, dict[str, Any]]:
    """Evaluate one flag for the visitor that a request names, and record its exposure (`Exposing.record`).

    Args:
        request: with a key that a page may have.
        service: of the shop.
        key: of the flag.

    Returns:
        A status and what is told, as the protocol has it.

    Raises:
        BodyError: no key, or the body is refused as a whole.
        StoreError: the exposure cannot be kept.
    """
    service.allow(request, "browser")
    visitor = _visitor(await read_body(request, _CONTEXT_BYTES))
    if isinstance(visitor, dict):
        return 400, {"key": key, **visitor}
    try:
        found = service.evaluating.evaluate(key, visitor, service.today())
        await service.expose(found.exposures, agent=request.headers.get("user-agent"))
    except StoreError:
        raise
    except UnknownNameError as error:
        return 404, {"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": str(error)}
    except CounterclickError as error:
        return 400, {"key": key, "errorCode": "GENERAL", "errorDetails": str(error)}
    return 200, _told(found, service)


@post("/ofrep/v1/evaluate/flags", status_code=200)
async def evaluate_all(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Evaluate every flag for a visitor; nothing is recorded."""
    service.allow(request, "browser")
    visitor = _visitor(await read_body(request, _CONTEXT_BYTES))
    if isinstance(visitor, dict):
        return _json(visitor, 400)
    version = service.evaluating.version(service.today())
    etag = f'"{hashlib.sha256(f"{version}|{visitor}".encode()).hexdigest()[:24]}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers={"ETag": etag})
    flags: list[dict[str, Any]] = []
    for flag in service.evaluating.flags:
        try:
            flags.append(_told(service.evaluating.evaluate(flag, visitor, service.today()), service))
        except CounterclickError as error:
            flags.append({"key": flag, "errorCode": "GENERAL", "errorDetails": str(error)})
    streams = [{"type": "sse", "endpoint": {"requestUri": _STREAM}, "inactivityDelaySec": _QUIET_SECONDS}]
    return _json({"flags": flags, "metadata": {"version": version}, "eventStreams": streams}, headers={"ETag": etag})


@get(_STREAM)
async def refetch(request: Request[Any, Any, Any], service: Service) -> ServerSentEvent:
    """Tell a client when flags may have changed: with the shop's day; ``shop.toml`` is read when the process starts."""
    service.allow(request, "browser")
    return ServerSentEvent(_changes(service))


async def _changes(service: Service) -> AsyncIterator[ServerSentEventMessage]:
    known = service.evaluating.version(service.today())
    while service.is_ready:
        await asyncio.sleep(_LOOK_SECONDS)
        version = service.evaluating.version(service.today())
        if version != known:
            known = version
            yield ServerSentEventMessage(data=msgspec.json.encode({"type": "refetchEvaluation", "etag": version}).decode())


def _visitor(body: bytes) -> str | dict[str, str]:
    """Return the visitor that a request names, or the error that says what is missing."""
    try:
        sent = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return {"errorCode": "PARSE_ERROR", "errorDetails": f"the body is no JSON: {error}."}
    context = sent.get("context", {}) if isinstance(sent, dict) else None
    if not isinstance(context, dict):
        return {"errorCode": "INVALID_CONTEXT", "errorDetails": "context must be an object with a targetingKey."}
    visitor = context.get("targetingKey")
    if visitor is None or visitor == "":
        return {"errorCode": "TARGETING_KEY_MISSING", "errorDetails": "context.targetingKey must be the visitor's id."}
    if not isinstance(visitor, str) or len(visitor) > _LONGEST_ID:
        return {
            "errorCode": "INVALID_CONTEXT",
            "errorDetails": "context.targetingKey must be a text of at most 200 letters.",
        }
    return visitor


def _told(found: Evaluation, service: Service) -> dict[str, Any]:
    """Return an evaluation with everything that published clients read without asking whether it is there."""
    metadata = {"version": service.evaluating.version(service.today())}
    if found.experiment is not None:
        metadata["experimentId"] = found.experiment
    return {
        "key": found.key,
        "value": found.value,
        "reason": found.reason,
        "variant": found.variant,
        "errorDetails": "",
        "metadata": metadata,
    }


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers or {})
