"""What a browser says of itself: the kind of device, and the region of its language. Little, and no guess."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

__all__ = ["BOT", "country_of", "device_of", "is_crawler", "path_of"]

BOT = "bot"
"""The device of a visitor that is no person, by what it says of itself."""

_CRAWLERS = (
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|lighthouse|facebookexternalhit|facebookcatalog|mediapartners-google"
    r"|google-inspectiontool|bingpreview|phantomjs|pingdom|gtmetrix"
)
_LIBRARIES = r"curl/|wget/|python-"
_KINDS = (
    (BOT, re.compile(f"{_CRAWLERS}|{_LIBRARIES}", re.IGNORECASE)),
    ("tablet", re.compile(r"ipad|tablet|kindle|silk/|android(?!.*mobile)", re.IGNORECASE)),
    ("mobile", re.compile(r"iphone|ipod|android.*mobile|windows phone|mobile safari|opera mini", re.IGNORECASE)),
    ("desktop", re.compile(r"windows nt|macintosh|x11|cros ", re.IGNORECASE)),
)
"""In this order: a bot often calls itself a browser, and a tablet's Android lacks the word Mobile. Cubot makes phones."""
_CRAWLER = re.compile(_CRAWLERS, re.IGNORECASE)
_LONGEST = 1000


def device_of(user_agent: Any) -> str | None:
    """Return ``bot``, ``tablet``, ``mobile`` or ``desktop``; None where the user agent says none of them.

    An iPad that asks for desktop pages calls itself a Macintosh, and is a desktop here.
    """
    if not isinstance(user_agent, str):
        return None
    return next((kind for kind, pattern in _KINDS if pattern.search(user_agent[:_LONGEST])), None)


def is_crawler(user_agent: Any) -> bool:
    """Say whether who sends a request itself is a crawler, a headless browser or a monitor.

    Programs that speak HTTP are none: a shop's own server sends its events with one, and lists of bots name these as well.
    """
    return isinstance(user_agent, str) and _CRAWLER.search(user_agent[:_LONGEST]) is not None


def country_of(*stated: Any, locale: Any = None) -> str | None:
    """Return a country as ISO 3166 code: the first of two letters that is stated, else the region of the language.

    Args:
        stated: what the sender calls a country; names such as ``Germany`` are passed over.
        locale: such as ``de-AT``: the region that the browser's language is set to, which need not be where it is.
    """
    for code in stated:
        if isinstance(code, str) and re.fullmatch("[A-Za-z]{2}", code):
            return code.upper()
    region = re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})", locale) if isinstance(locale, str) else None
    return region[1].upper() if region else None


def path_of(url: Any) -> str | None:
    """Return the path of a page's address, without host, query string and fragment; None where it is none."""
    if not isinstance(url, str) or not url:
        return None
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return None
