"""Views as HTML, with the headers that let a page run nothing but its own script and reach nothing but its own host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jinja2
from litestar import Response
from markupsafe import Markup, escape

from counterclick.pages.environment import environment
from counterclick.web.dashboard.assets import DRAWING, ICON, SCRIPT, STYLE
from counterclick.web.dashboard.palette import coloured
from counterclick.web.dashboard.views import is_tight

__all__ = ["HEADERS", "page"]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TURNS = "\u202a-\u202e\u2066-\u2069"
_TURNING = re.compile(f"\u2068[^{_TURNS}]*\u2069|[{_TURNS}]")
"""Characters that turn the direction of what follows, so that a name could rewrite the sentence around it; or a text that
stands apart from what is around it, as days do where they are written from right to left, which turns nothing."""
_CODE = re.compile("`([^`]+)`")


def page(template: str, status: int = 200, headers: Mapping[str, str] | None = None, **given: Any) -> Response[str]:
    """Return a page.

    Args:
        template: its file.
        status: of the answer.
        headers: besides those of every page.
        given: what the template needs.
    """
    assets = {"style": STYLE, "script": SCRIPT, "drawing": DRAWING, "icon": ICON}
    html = _environment().get_template(template).render(assets=assets, **given)
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers={**HEADERS, **(headers or {})})


@cache
def _environment() -> jinja2.Environment:
    made = environment("counterclick.web.dashboard")
    made.finalize = _finished
    made.filters["coloured"] = coloured
    made.filters["is_tight"] = is_tight
    made.filters["coded"] = _coded
    made.filters["search"] = lambda query: f"?{urlencode(query)}" if query else ""
    made.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    return made


def _coded(text: str) -> Markup:
    """Return a sentence whose parts between backticks are code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_finished(text)))))  # noqa: S704 - it is escaped before


def _finished(value: Any) -> Any:
    """Return a text without what would turn the direction of the texts around it; anything else as it is."""
    if type(value) is not str:
        return value
    return _TURNING.sub(lambda found: found[0] if len(found[0]) > 1 else "\ufffd", value)
