"""The API's document as a page for people: one file that needs no script and no other host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jinja2
from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from counterclick.pages.environment import environment

__all__ = ["ApiPage"]

_KEYS = {
    "bearer": "as bearer",
    "basic": "as Basic user name",
    "apiKey": "as X-API-Key",
    "apiSecret": "as api_secret in the query",
    "klaviyoKey": "as Klaviyo-API-Key",
    "loopSignature": "Loop's signature",
    "shopifySignature": "Shopify's signature",
}


class ApiPage(OpenAPIRenderPlugin):
    """The page at ``/docs``."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        page = _template().render(
            title=openapi_schema["info"]["title"],
            document=self.get_openapi_json_route(request),
            addresses=[*_addresses(openapi_schema)],
            shapes={name: _written(shape) for name, shape in openapi_schema["components"]["schemas"].items()},
        )
        return page.encode()


@cache
def _template() -> jinja2.Template:
    return environment("counterclick.web").get_template("api.html")


def _addresses(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the page says of each address, in the order of the document."""
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {})
            yield {
                "verb": verb.upper(),
                "path": path,
                "says": operation.get("description", ""),
                "carried": [_KEYS[name] for way in operation.get("security", ()) for name in way],
                "parameters": [{"description": "", **parameter} for parameter in operation.get("parameters", ())],
                "body": _shape(body),
                "answers": {
                    status: {"description": answer["description"], "shape": _shape(answer.get("content", {}))}
                    for status, answer in operation["responses"].items()
                },
            }


def _shape(content: Mapping[str, Any]) -> str:
    """Return the shape of a body of whatever media type; nothing where it has none."""
    return next((_written(told["schema"]) for told in content.values()), "")


def _written(shape: Any) -> str:
    return json.dumps(shape, indent=2, ensure_ascii=False)
