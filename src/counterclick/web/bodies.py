"""Bodies as they arrive: within a limit before and after they are unpacked, whatever their headers say."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from litestar import Request
    from litestar.datastructures import Headers

__all__ = ["BATCH_BYTES", "BATCH_EVENTS", "EVENT_BYTES", "BodyError", "decoded", "listed", "read_body", "unpacked"]

EVENT_BYTES = 32 * 1024
"""Of one event, as JSON (Segment's limit)."""
BATCH_BYTES = 500 * 1024
"""Of one body, unpacked (Segment's limit)."""
BATCH_EVENTS = 2_500
"""In one body (Segment's limit)."""
_BODY_SECONDS = 30.0
"""From a request's headers to the end of its body."""
_PASSED_OVER = 8 * 1024 * 1024
"""Bytes of a body that is too large which are read to their end: a sender who is still sending hears no answer."""
_GZIP = b"\x1f\x8b"


class BodyError(Exception):
    """A body is refused as a whole.

    Args:
        status: of the answer.
        says: what would be right.
        again_seconds: after which the same may be taken; None where it will not be.
    """

    def __init__(self, status: int, says: str, *, again_seconds: int | None = None) -> None:
        super().__init__(says)
        self.status = status
        self.says = says
        self.again_seconds = again_seconds


async def read_body(request: Request[Any, Any, Any], most: int = BATCH_BYTES) -> bytes:
    """Return a body, unpacked.

    Args:
        request: of any content type: senders do not agree on one.
        most: bytes, packed and unpacked.

    Raises:
        BodyError: it is larger (413), does not come to its end (408; 400 where the sender has gone), cannot be
            unpacked (400), or comes in another packing (415).
    """
    announced = request.headers.get("content-length", "")
    is_large = announced.isdigit() and int(announced) > most
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            is_over = False
            while not is_over:
                message = await request.receive()
                if message["type"] != "http.request":
                    raise BodyError(400, "the connection ended before the body did; nothing of it was kept.")
                part = message["body"]
                is_over = not message["more_body"]
                size += len(part)
                is_large = is_large or size > most
                if size > _PASSED_OVER:
                    break
                if not is_large:
                    parts.append(part)
    except TimeoutError:
        raise BodyError(408, f"a body must be here within {_BODY_SECONDS:.0f} s; nothing of it was kept.") from None
    if is_large:
        raise _too_large(most)
    return unpacked(b"".join(parts), request.headers, most)


def unpacked(body: bytes, headers: Headers, most: int) -> bytes:
    """Return a body without its packing; what begins like gzip is taken for it, said or not."""
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip", ""):
        raise BodyError(415, f"content-encoding {packing[:20]!r} is not read; send gzip, or the body as it is.")
    if not body.startswith(_GZIP):
        if packing == "gzip" and body:
            raise BodyError(400, "content-encoding says gzip, and the body is not.")
        return body
    opener = zlib.decompressobj(wbits=31)
    try:
        found = opener.decompress(body, most + 1)
    except zlib.error as error:
        raise BodyError(400, f"the body cannot be unpacked: {error}.") from error
    if len(found) > most:
        raise _too_large(most)
    if not opener.eof or opener.unused_data:
        raise BodyError(400, "the packed body is cut off, or something follows it.")
    return found


def decoded(body: bytes) -> Any:
    """Return what a JSON body holds.

    Raises:
        BodyError: it is no JSON (400).
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"the body is no JSON: {error}.") from error


def listed(found: Any) -> list[Any]:
    """Return what a body holds as events: itself, or its items; those that are no objects are refused one by one.

    Raises:
        BodyError: there are too many (413).
    """
    items = found if isinstance(found, list) else [found]
    if len(items) > BATCH_EVENTS:
        raise BodyError(413, f"a body holds at most {BATCH_EVENTS:,} events; this one has {len(items):,}.")
    return items


def _too_large(most: int) -> BodyError:
    return BodyError(413, f"a body holds at most {most:,} bytes, unpacked; send fewer events at once.")
