"""The door for bodies: from bytes to events, or to rejections with their reasons.

`STEPS` is the whole of it, in order; the door for files (`counterclick.events.bulk`) takes the same steps in
columns. A body is one JSON object, an array of objects, or objects line by line. What is written as it should be takes the
steps to `build` in one (`counterclick.events.at_once`); whatever that does not take goes step by step.
"""

from __future__ import annotations

import hashlib
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from counterclick.events import redaction
from counterclick.events.at_once import built_at_once, built_together, is_as_built
from counterclick.events.readings import SENT, UnreadableError, must_be, reading, unknown_names
from counterclick.events.rejection import Reason, Rejection
from counterclick.events.rules import CLOCK_TOLERANCE, EARLIEST, RULES_OF
from counterclick.events.schema import FIELDS_OF, PARTS_OF, REQUIRED_OF
from counterclick.events.vocabulary import EVENTS, Event
from counterclick.shapes import from_objects

__all__ = ["STEPS", "Context", "Refused", "admit", "admit_all", "admit_made", "admit_one"]


def _values_of(names: tuple[str, ...]) -> Callable[[Event], tuple[str | None, ...]]:
    """Return what takes the values of these fields out of an event."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda event: tuple(getattr(event, name) for name in names)


_IDENTIFIERS_OF, _TEXTS_OF = (
    {one: tuple(name for name in one.__struct_fields__ if name in names) for one in EVENTS}
    for names in (redaction.IDENTIFIERS, redaction.TEXTS)
)
_identifiers_of, _texts_of = (
    {one: _values_of(names) for one, names in names_of.items()} for names_of in (_IDENTIFIERS_OF, _TEXTS_OF)
)
_NAMES_OF = {kind: frozenset(("kind", *fields)) for kind, fields in FIELDS_OF.items()}
_RULES_OF = {one: RULES_OF[str(one.__struct_config__.tag)] for one in EVENTS}
_TYPE_OF: dict[str, type[Event]] = {str(one.__struct_config__.tag): one for one in EVENTS}


@dataclass(frozen=True, slots=True)
class Context:
    """What the door knows about the body at hand.

    Attributes:
        received_at: our own clock, UTC.
        source: who sends: a mapping's name, a connector, ``api``.
        currency: what amounts without a currency are in.
        key: secret of the shop for hashing personal identifiers.
    """

    received_at: datetime
    source: str
    currency: str
    key: str
    seen: Counter[str] = field(default_factory=Counter)


class Refused(Exception):
    """Raised by a step; the door turns it into a `Rejection`."""

    def __init__(self, reason: Reason, details: str) -> None:
        super().__init__(details)
        self.reason = reason
        self.details = details


def admit(body: bytes | str, context: Context) -> tuple[list[Event], list[Rejection]]:
    """Return what a body holds: the events that were taken, and the rejections.

    Args:
        body: JSON: an object, an array of objects, or one object a line.
        context: clock, source, currency and key.
    """
    events: list[Event] = []
    rejections: list[Rejection] = []
    for raw in _items(body):
        taken = admit_one(raw, context)
        (events if isinstance(taken, Event) else rejections).append(taken)  # type: ignore[arg-type]  # by its type
    return events, rejections


def admit_one(raw: Any, context: Context) -> Event | Rejection:
    """Take one decoded object through the steps.

    Args:
        raw: what the JSON said; text that was no JSON arrives as `bytes`.
        context: clock, source, currency and key.
    """
    event = built_at_once(raw)
    return _through(STEPS, raw, context, raw) if event is None else _through(_OF_EVENTS, event, context, raw)


def admit_all(raws: Sequence[Any], context: Context) -> tuple[list[Event | Rejection], bytes | None]:
    """Take decoded objects through the steps: what `admit_one` says of each, in order.

    Args:
        raws: what the JSON said.
        context: clock, source, currency and key.

    Returns:
        besides: their JSON, a line each, where it was looked at and all of them are as it says; else None.
    """
    events = built_together(raws)
    if events is None:
        return [admit_one(raw, context) for raw in raws], None
    priced = [price(event, context) if type(event) in _PRICED else event for event in events]
    lines = _JSON.encode_lines(priced)
    steps = _OF_PLAIN_EVENTS
    if redaction.may_change_json(lines):
        steps = _OF_EVENTS
    elif _all_pass(priced, context):
        return list(priced), lines
    return [_through(steps, event, context, raw) for event, raw in zip(events, raws, strict=True)], None


def admit_made(events: Sequence[Event], context: Context) -> bytes | None:
    """Return events of our own as JSON, a line each, where the steps let all of them through as they are; else None.

    Args:
        events: as they were made, with a key each.
        context: clock, source, currency and key.
    """
    if any(type(event) in _PRICED for event in events):
        return None
    lines = _JSON.encode_lines(events)
    plain = not redaction.may_change_json(lines) and is_as_built(events, lines) and _all_pass(events, context)
    return lines if plain else None


def _all_pass(events: Sequence[Event], context: Context) -> bool:
    """Say whether `check` and `clock` let all events through, and `identify` has nothing to do."""
    times = [event.occurred_at for event in events]
    if times and (max(times) > context.received_at + CLOCK_TOLERANCE or min(times) < EARLIEST):
        return False
    for event in events:
        if event.event_id is None:
            return False
        for rule in _RULES_OF[type(event)]:
            if rule.broken(event):
                return False
    return True


def _through(steps: Sequence[Callable[[Any, Context], Any]], event: Any, context: Context, raw: Any) -> Event | Rejection:
    """Take an object through steps, or say why it is refused."""
    try:
        for step in steps:
            event = step(event, context)
    except Refused as refused:
        body = raw.decode(errors="replace") if isinstance(raw, bytes) else msgspec.json.encode(raw).decode()
        return Rejection(
            reason=refused.reason,
            details=redaction.scrubbed(refused.details),
            body=redaction.scrubbed_body(body),
        )
    return event  # type: ignore[no-any-return]  # the last step returns an Event


def _items(body: bytes | str) -> Iterable[Any]:
    data = (body.encode() if isinstance(body, str) else body).removeprefix(b"\xef\xbb\xbf")
    try:
        whole = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        for line in data.splitlines():
            if line.strip():
                try:
                    yield msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield bytes(line)
    else:
        yield from whole if isinstance(whole, list) else [whole]


def read(raw: Any, context: Context) -> dict[str, Any]:  # noqa: ARG001 - every step has the same shape
    """An event is a JSON object."""
    if not isinstance(raw, dict):
        raise Refused(Reason.MALFORMED, "an event must be a JSON object")
    return raw


def name(raw: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG001 - every step has the same shape
    """Its kind stands in the vocabulary, and so do the names of its fields."""
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in FIELDS_OF:
        raise Refused(Reason.UNKNOWN_KIND, f"kind {kind!r} is not in the vocabulary: {', '.join(FIELDS_OF)}")
    unknown = unknown_names(raw)
    if unknown:
        raise Refused(Reason.UNKNOWN_FIELD, f"{kind} has no field {', '.join(unknown)}")
    return raw


def hold(raw: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG001 - every step has the same shape
    """Every field holds what it can hold; null and empty text mean that nothing was sent."""
    held, wrong = {}, []
    for field_name, value in raw.items():
        if value is not None and value != "":
            try:
                held[field_name] = reading(field_name, value)
            except UnreadableError:
                wrong.append(field_name)
    if wrong:
        raise Refused(Reason.WRONG_TYPE, must_be(min(wrong, key=SENT.index)))
    return held


def belong(raw: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG001 - every step has the same shape
    """This kind of event has the fields that were sent, and none is missing."""
    kind = raw["kind"]
    parts = {
        list_name: (fields, required, raw[list_name])
        for list_name, (fields, required) in PARTS_OF[kind].items()
        if list_name in raw
    }
    if not raw.keys() <= _NAMES_OF[kind]:
        field_name = next(each for each in raw if each not in _NAMES_OF[kind])
        raise Refused(Reason.UNKNOWN_FIELD, f"{kind} has no field {field_name}")
    for list_name, (fields, _, inside) in parts.items():
        for field_name in (key for part in inside for key in part if key not in fields):
            raise Refused(Reason.UNKNOWN_FIELD, f"{kind} has no field {field_name} in {list_name}")
    for field_name in REQUIRED_OF[kind]:
        if field_name not in raw:
            raise Refused(Reason.MISSING_FIELD, f"{kind} must have {field_name}")
    for list_name, (_, required, inside) in parts.items():
        for field_name in (key for part in inside for key in required if key not in part):
            raise Refused(Reason.MISSING_FIELD, f"{kind} must have {field_name} in {list_name}")
    return raw


def build(raw: dict[str, Any], context: Context) -> Event:  # noqa: ARG001 - every step has the same shape
    """Texts have the lengths, patterns and words that the vocabulary declares."""
    try:
        return from_objects(raw, _TYPE_OF[raw["kind"]])
    except msgspec.ValidationError as error:
        raise Refused(Reason.OUT_OF_RANGE, f"{str(error)[0].lower()}{str(error)[1:]}") from None


def redact(event: Event, context: Context) -> Event:
    """Personal data is hashed or dropped before anything is kept."""
    kind = type(event)
    changes: dict[str, str] = {}
    if redaction.may_hold_email("\n".join(filter(None, _identifiers_of[kind](event)))):
        for field_name in _IDENTIFIERS_OF[kind]:
            value = getattr(event, field_name)
            if value is not None and (kept := redaction.hashed(value, context.key)) != value:
                changes[field_name] = kept
    if redaction.may_change("\n".join(filter(None, _texts_of[kind](event)))):
        for field_name in _TEXTS_OF[kind]:
            value = getattr(event, field_name)
            if value is not None:
                kept = redaction.scrubbed(redaction.page_path(value) if field_name == "page" else value)
                if kept != value:
                    changes[field_name] = kept
    return msgspec.structs.replace(event, **changes) if changes else event


def check(event: Event, context: Context) -> Event:  # noqa: ARG001 - every step has the same shape
    """The rules hold."""
    for rule in _RULES_OF[type(event)]:
        if rule.broken(event):
            raise Refused(rule.reason, rule.says)
    return event


def clock(event: Event, context: Context) -> Event:
    """Its time is neither ahead of our clock nor an unset one."""
    if event.occurred_at > context.received_at + CLOCK_TOLERANCE:
        raise Refused(
            Reason.IN_FUTURE,
            f"occurred_at {event.occurred_at:%Y-%m-%dT%H:%M:%SZ} lies ahead of our clock; send the time in UTC or "
            "with its zone",
        )
    if event.occurred_at < EARLIEST:
        raise Refused(Reason.TOO_OLD, "occurred_at lies before 1990, which is what an unset clock looks like")
    return event


def price(event: Event, context: Context) -> Event:
    """Amounts without a currency are in the shop's own."""
    if getattr(event, "currency", "") is None:
        return msgspec.structs.replace(event, currency=context.currency)
    return event


def identify(event: Event, context: Context) -> Event:
    """It has a key: the source's own, or a hash of source, content and the occurrence's number in the body."""
    if event.event_id is not None:
        return event
    content = msgspec.json.encode(event, order="sorted").decode()
    context.seen[content] += 1
    text = f"{context.source}|{content}|{context.seen[content]}"
    return msgspec.structs.replace(event, event_id="h_" + hashlib.sha256(text.encode()).hexdigest()[:32])


STEPS: tuple[Callable[[Any, Context], Any], ...] = (
    read,
    name,
    hold,
    belong,
    build,
    redact,
    check,
    clock,
    price,
    identify,
)
"""The door, step by step."""
_JSON = msgspec.json.Encoder()
_OF_EVENTS = STEPS[STEPS.index(build) + 1 :]
"""Those that ask what an event says; the steps before them make it one."""
_OF_PLAIN_EVENTS = tuple(step for step in _OF_EVENTS if step is not redact)
"""The same for events in whose JSON there is nothing that could be redacted."""
_PRICED = frozenset(kind for kind in EVENTS if "currency" in kind.__struct_fields__)


def now() -> datetime:
    """Return our clock, UTC."""
    return datetime.now(UTC)
