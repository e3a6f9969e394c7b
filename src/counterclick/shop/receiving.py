"""Receiving: events one by one, each with its own answer, on disk before any of them is answered."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from counterclick.config import Config
from counterclick.events.door import Context, admit_all, admit_made, admit_one
from counterclick.events.rejection import Rejection
from counterclick.events.schema import REJECTION
from counterclick.events.vocabulary import Event
from counterclick.shapes import json_reader
from counterclick.store import Store
from counterclick.store.inbox import Body

__all__ = ["Received", "Receiving", "lines_of"]

_JSON = msgspec.json.Encoder()
_LINES = 1000
"""Events in one row of the inbox at most."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of some events.

    Attributes:
        judged: for each event, in order: the event as it is kept, or why it was refused.
        n_refused: how many were.
        on_disk: done when all of them are; it raises `StoreError` where the inbox could not be written.
    """

    judged: tuple[Event | Rejection, ...]
    n_refused: int
    on_disk: Future[int]

    @property
    def n_events(self) -> int:
        """Events that were taken, repeats included."""
        return len(self.judged) - self.n_refused


class _Kind(msgspec.Struct):
    """Of a line, what kind of event it is."""

    kind: str


_read_kinds = json_reader(list[_Kind])


class Receiving:
    """Takes what is sent to a shop.

    Args:
        store: whose inbox keeps it.
        config: the shop's configuration.
    """

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._currency = config.shop.currency
        self._key = store.key

    def take(
        self, sent: Iterable[Mapping[str, Any] | Rejection], source: str, received_at: datetime | None = None
    ) -> Received:
        """Judge events and hand them to the inbox.

        Args:
            sent: objects in the vocabulary, or what was refused before it came so far.
            source: who sends them.
            received_at: our clock; now unless given.
        """
        context = Context(received_at or datetime.now(UTC), source, self._currency, self._key)
        judged, lines = _judged(list(sent), context)
        n_refused = 0 if lines is not None else sum(isinstance(each, Rejection) for each in judged)
        received = context.received_at.isoformat()
        texts = _texts(judged, context) if lines is None or len(judged) > _LINES else _whole(lines)
        bodies = [Body(received, source, text) for text in texts]
        return Received(judged, n_refused, self._store.inbox.submit(bodies) if bodies else _done())

    def made(self, events: Sequence[Event], source: str) -> tuple[bytes, list[Body]] | None:
        """Return the lines of events of our own, and the bodies in which they would wait in the inbox.

        None where the door would change one of them, or refuse it: these are to be judged as what others send.

        Args:
            events: with a key each; at most as many as are in one row of the inbox.
            source: who makes them.
        """
        context = Context(datetime.now(UTC), source, self._currency, self._key)
        lines = admit_made(events, context)
        return None if lines is None else (lines, [Body(context.received_at.isoformat(), source, _text(lines))])

    def take_made(self, lines: bytes, source: str) -> tuple[Counter[str], Future[int]]:
        """Hand lines that `made` gave to the inbox; return how many of each kind, and what is done when they are on disk."""
        kinds = Counter(each.kind for each in _read_kinds(b"[" + lines.rstrip(b"\n").replace(b"\n", b",") + b"]"))
        body = Body(datetime.now(UTC).isoformat(), source, _text(lines))
        return kinds, self._store.inbox.submit([body])

    def judged(self, sent: Sequence[Mapping[str, Any]], source: str) -> tuple[list[Body], list[Rejection]]:
        """Return the bodies in which events would wait in the inbox, and why some would be refused; nothing is kept."""
        context = Context(datetime.now(UTC), source, self._currency, self._key)
        judged, _lines = _judged(sent, context)
        bodies = [Body(context.received_at.isoformat(), source, text) for text in _texts(judged, context)]
        return bodies, [each for each in judged if isinstance(each, Rejection)]


def _judged(sent: Sequence[Any], context: Context) -> tuple[tuple[Event | Rejection, ...], bytes | None]:
    """Return what comes of everything that was sent, in order, and their lines: see `counterclick.events.door.admit_all`."""
    if any(isinstance(each, Rejection) for each in sent):
        return tuple(each if isinstance(each, Rejection) else admit_one(each, context) for each in sent), None
    judged, lines = admit_all(sent, context)
    return tuple(judged), lines


def _whole(lines: bytes) -> list[str]:
    """Return lines as one text, where there are any."""
    return [_text(lines)] if lines else []


def _text(lines: bytes) -> str:
    return lines.decode().removesuffix("\n")


def _texts(judged: Sequence[Event | Rejection], context: Context) -> Iterator[str]:
    """Yield the lines, so many together."""
    for first in range(0, len(judged), _LINES):
        some = judged[first : first + _LINES]
        if any(isinstance(each, Rejection) for each in some):
            yield "\n".join(lines_of(some, context, first))
        else:
            yield _JSON.encode_lines(some).decode().removesuffix("\n")


def lines_of(judged: Sequence[Event | Rejection], context: Context, first: int = 0) -> list[str]:
    """Return the lines in which events, and what was refused, wait in the inbox.

    Args:
        judged: events, and what was refused.
        context: of the door that judged them.
        first: how many of the same context came before: two equal refusals are two.
    """
    return [
        _rejection_line(each, context, nth) if isinstance(each, Rejection) else _JSON.encode(each).decode()
        for nth, each in enumerate(judged, first)
    ]


def _rejection_line(rejection: Rejection, context: Context, nth: int) -> str:
    row = {
        "kind": REJECTION,
        "event_id": "r_" + hashlib.sha256(f"{context.received_at}|{nth}|{rejection.body}".encode()).hexdigest()[:32],
        "occurred_at": context.received_at.isoformat(),
        "reason": rejection.reason.value,
        "details": json.dumps({"details": rejection.details, "body": rejection.body}),
    }
    return json.dumps(row)


def _done() -> Future[int]:
    nothing: Future[int] = Future()
    nothing.set_result(0)
    return nothing
