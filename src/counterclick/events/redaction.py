"""What is hashed or dropped before anything is kept, the inbox and the rejections included.

The same three patterns serve Python and DuckDB (RE2), so that the door for single bodies and the door for files
redact alike. An identifier that is an e-mail address becomes a keyed hash, which still joins the shop's own events
with each other; free text loses e-mail addresses, phone numbers and network addresses; a rejected body also loses
the values of the fields that carry personal data by name.
"""

from __future__ import annotations

import hashlib
import re

__all__ = [
    "IDENTIFIERS",
    "TEXTS",
    "hashed",
    "may_change",
    "may_change_json",
    "may_hold_email",
    "page_path",
    "scrubbed",
    "scrubbed_body",
    "sql_hashed",
    "sql_page",
    "sql_scrubbed",
    "sql_scrubbed_body",
    "sql_scrubbed_column",
]

IDENTIFIERS = (
    *("visitor_id", "customer_id", "event_id", "order_id", "conversation_id", "message_id", "campaign_id", "product_id"),
    *("other_visitor_id", "group_id", "surface", "experiment", "variant", "policy"),
)
"""Columns that name someone or something; an e-mail address in them is hashed."""

TEXTS = ("reason", "title", "category", "size", "attributes", "payment", "page", "device", "country")
"""Columns of free text, scrubbed."""

EMAIL = r"[A-Za-z0-9._%+'-]{1,128}(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
"""At most 128 characters before the sign, twice what an address may have: without a limit, a long text without any takes
the square of its length to search, seconds for a body of 32 KB."""
PHONE = r"\+\d[\d ()./-]{7,}\d"
NETWORK = r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"
PERSONAL = (
    r'"(e?-?mail|phone|phone_number|first_name|last_name|name|full_name|address|address1|address2|street|zip'
    r'|postal_code|ip|user_agent|password|card_number)"\s*:\s*("(\\.|[^"\\])*("|$)|-?[0-9.eE+-]+|\{[^{}]*\}|\[[^\]]*\])'
)
LONGEST_BODY = 32_000
_SIGNS = {
    "[email]": "(contains({0}, '@') OR contains({0}, '%40'))",
    "[phone]": "contains({0}, '+')",
    "[ip]": "contains({0}, '.')",
}
"""What a text must contain for its pattern to match: cheap to look for."""

_email, _phone, _network = (re.compile(pattern, re.ASCII) for pattern in (EMAIL, PHONE, NETWORK))
_sign = re.compile(r"[@+.?#]|%40")
_points = re.compile(rb"\.\d{1,3}\.\d{1,3}\.\d")
_SIGNS_IN_JSON = (b"@", b"%40", b"+", b"?", b"#")
_personal = re.compile(PERSONAL, re.ASCII | re.IGNORECASE)


def may_hold_email(text: str) -> bool:
    """Say whether a text has what every e-mail address has; where not, `hashed` leaves it as it is."""
    return "@" in text or "%40" in text


def may_change(text: str) -> bool:
    """Say whether a text has a sign at which `scrubbed` or `page_path` begins to look; where not, both leave it as it is."""
    return _sign.search(text) is not None


def may_change_json(text: bytes) -> bool:
    """Say whether the JSON of events has any sign at which `hashed`, `scrubbed` or `page_path` begins to look.

    Args:
        text: as msgspec writes it: it escapes no sign, its times end with Z, and its amounts have one point.
    """
    return any(sign in text for sign in _SIGNS_IN_JSON) or _points.search(text) is not None


def hashed(value: str, key: str) -> str:
    """Return an identifier as it is kept: unchanged, or a keyed hash where an e-mail address stands in it."""
    if not may_hold_email(value) or not _email.search(value):
        return value
    plain = value.replace("%40", "@").strip(" ").lower()
    return "e_" + hashlib.sha256(f"{key}:{plain}".encode()).hexdigest()[:32]


def page_path(value: str) -> str:
    """Return the path of a page: query string and fragment are cut off."""
    return value.split("?", 1)[0].split("#", 1)[0]


def scrubbed(text: str) -> str:
    """Return free text without e-mail addresses, phone numbers and network addresses."""
    if may_hold_email(text):  # a search for a sign is cheap, as in `_SIGNS`
        text = _email.sub("[email]", text)
    if "+" in text:
        text = _phone.sub("[phone]", text)
    return _network.sub("[ip]", text) if "." in text else text


def scrubbed_body(body: str) -> str:
    """Return a rejected body as it is kept: personal fields emptied, text scrubbed, at most 32,000 characters."""
    return scrubbed(_personal.sub(r'"\1":"[redacted]"', body))[:LONGEST_BODY]


def sql_hashed(column: str, key: str) -> str:
    """Return `hashed` as DuckDB SQL."""
    plain = f"lower(trim(replace({column}, '%40', '@')))"
    return (
        f"CASE WHEN {_SIGNS['[email]'].format(column)} AND regexp_matches({column}, {_quoted(EMAIL)}) "
        f"THEN 'e_' || left(sha256({_quoted(key + ':')} || {plain}), 32) ELSE {column} END"
    )


def sql_page(column: str) -> str:
    """Return `page_path` as DuckDB SQL."""
    return f"split_part(split_part({column}, '?', 1), '#', 1)"


def sql_scrubbed(expression: str) -> str:
    """Return `scrubbed` as DuckDB SQL."""
    for pattern, word in ((EMAIL, "[email]"), (PHONE, "[phone]"), (NETWORK, "[ip]")):
        expression = f"regexp_replace({expression}, {_quoted(pattern)}, '{word}', 'g')"
    return expression


def sql_scrubbed_column(column: str) -> str:
    """Return `scrubbed` as DuckDB SQL for a short column, most of whose values hold nothing personal."""
    signs = " OR ".join(sign.format(column) for sign in _SIGNS.values())
    return f"CASE WHEN {signs} THEN {sql_scrubbed(column)} ELSE {column} END"


def sql_scrubbed_body(expression: str) -> str:
    """Return `scrubbed_body` as DuckDB SQL."""
    emptied = f"regexp_replace({expression}, {_quoted(PERSONAL)}, '\"\\1\":\"[redacted]\"', 'gi')"
    return f"left({sql_scrubbed(emptied)}, {LONGEST_BODY})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
