"""The log of a served shop: one JSON object a line, on standard error, without anything personal.

It is the standard library's logging with a formatter, since what the server's libraries say of themselves goes through it
already. A request is named by its address' pattern, never by its path, its query or its sender; what errors say is scrubbed
like everything else that is kept.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from counterclick.events.redaction import scrubbed

if TYPE_CHECKING:
    from litestar.types import Scope

__all__ = ["Lines", "address_of", "log", "logging_to", "say"]

log = logging.getLogger("counterclick.web")
"""Where a served shop says what it does."""


def say(level: int, event: str, *, error: BaseException | None = None, **fields: object) -> None:
    """Write a line.

    Args:
        level: of `logging`.
        event: what happened, in a word or two.
        error: what went wrong, written with its traceback.
        fields: what else is known of it; nothing personal.
    """
    log.log(level, event, extra={"fields": fields}, exc_info=error)


class Lines(logging.Formatter):
    """Writes a record as one JSON object: ``at`` (UTC), ``level``, ``event``, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": scrubbed(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if not record.name.startswith("counterclick"):
            line["library"] = record.name
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


@contextmanager
def logging_to(stream: TextIO | None = None) -> Iterator[None]:
    """Write lines until the end of the block, and leave logging as it was.

    Args:
        stream: standard error unless given.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    before = log.level
    root.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        log.setLevel(before)


def address_of(scope: Scope) -> str:
    """Return the pattern of the address that a request asked for; ``unknown`` where there is none."""
    handler = scope.get("route_handler")
    paths = sorted(getattr(handler, "paths", ()))
    if len(paths) == 1:
        return str(paths[0])
    path = str(scope.get("path", ""))
    return path if path in paths else "unknown"
