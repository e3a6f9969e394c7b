"""Blocks of a campaign for e-mail tools that fetch them: some recipients in, what each is shown out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from counterclick.shapes import from_json
from counterclick.web.bodies import BodyError, read_body
from counterclick.web.service import Service

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["BLOCKS", "BlocksAsked", "blocks"]

_BYTES = 4 * 1024 * 1024

Recipient = Annotated[str, Meta(min_length=1, max_length=200)]

BLOCKS: Mapping[str, Any] = {
    "type": "object",
    "required": ["experiment", "today", "served_here", "n_strangers", "n_repeated", "blocks"],
    "properties": {
        "experiment": {"type": "string"},
        "today": {"type": "string", "format": "date"},
        "served_here": {"type": "array", "items": {"type": "string"}, "description": "arms whose products are said here"},
        "n_strangers": {"type": "integer", "description": "recipients of whom no order is known"},
        "n_repeated": {"type": "integer"},
        "blocks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["recipient", "arm", "products"],
                "properties": {
                    "recipient": {"type": "string"},
                    "arm": {"type": "string"},
                    "products": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
"""Shape of the answer."""


class BlocksAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose blocks are asked for.

    Attributes:
        recipients: who will be sent to, by the ids or e-mail addresses that the shop's orders have; 10,000 at most at once.
        most: products of a block.
        today: day of sending; the shop's present day unless given.
    """

    recipients: Annotated[tuple[Recipient, ...], Meta(min_length=1, max_length=10_000)]
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    today: date | None = None


@post("/v1/blocks/{experiment:str}", status_code=200)
async def blocks(request: Request[Any, Any, Any], service: Service, experiment: str) -> Response[bytes]:
    """Say which products each recipient of a campaign is shown, by lot, and record that all of them were eligible."""
    service.allow(request, "write")
    body = await read_body(request, _BYTES)
    try:
        asked = from_json(body, BlocksAsked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"blocks are asked for with recipients, all that will be sent to: {error}.") from error
    name = f"blocks/{experiment}/{hashlib.sha256(msgspec.json.encode(asked)).hexdigest()}"
    told = await service.asking.ask(name, partial(_given, experiment, asked))
    return Response(told, media_type="application/json", headers={"Cache-Control": "no-store"})


def _given(experiment: str, asked: BlocksAsked, shop: Shop) -> bytes:
    found = shop.blocks(experiment, asked.recipients, most=asked.most, today=asked.today)
    recipients, arms, *places = (column.to_pylist() for column in found.rows.columns)
    rows = [
        {"recipient": who, "arm": arm, "products": [each for each in products if each is not None]}
        for who, arm, products in zip(recipients, arms, zip(*places, strict=True), strict=True)
    ]
    told = {name: getattr(found, name) for name in ("experiment", "today", "served_here", "n_strangers", "n_repeated")}
    return msgspec.json.encode({**told, "blocks": rows})
