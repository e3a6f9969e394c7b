"""The first half of the door in one go, for what is written as it should be: from a decoded object to an event.

`counterclick.events.door.STEPS` says what an event is; this takes only what its steps would take, with the same values, and
leaves everything else to them, so that whatever is refused is refused there. A property test holds it to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Union

import msgspec
import pyarrow as pa

from counterclick.events.readings import UnreadableError, reader_of
from counterclick.events.schema import PARTS_OF, SCHEMA
from counterclick.events.vocabulary import EVENTS, Event
from counterclick.shapes import from_objects, json_reader

__all__ = ["built_at_once", "built_together", "is_as_built"]

_INT32 = 2**31
_WHEN = "occurred_at"
_times = re.compile(r"([12]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z\n)*", re.ASCII)
"""Times line by line as nearly everybody writes them, which msgspec reads as `counterclick.events.readings` does."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is asked of one kind of event besides the types that its struct declares.

    Attributes:
        kind: the struct.
        read: (name, how it is read) of its times and numbers, which JSON writes in more than one way.
        read_later: the same without the moment at which it happened, of which `built_together` reads many at once.
        is_bare: whether nothing is left to be looked at then but whether a text is empty.
        parts: (list, as `read` of its objects) of its lists of objects.
        texts: its texts that may be empty by their type: an empty one means that nothing was sent.
        counts: its whole numbers.
        counts_of: (list, the whole numbers of its objects).
    """

    kind: type[Event]
    read: tuple[tuple[str, Any], ...]
    read_later: tuple[tuple[str, Any], ...]
    is_bare: bool
    parts: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    texts: tuple[str, ...]
    counts: tuple[str, ...]
    counts_of: tuple[tuple[str, tuple[str, ...]], ...]


def built_at_once(raw: Any) -> Event | None:
    """Return the event that an object is; None where it must go step by step.

    Args:
        raw: what the JSON said.
    """
    if type(raw) is not dict:
        return None
    kind = raw.get("kind")
    shape = _SHAPES.get(kind) if type(kind) is str else None
    if shape is None:
        return None
    try:
        event = from_objects(_whole(raw, shape, shape.read), shape.kind)
    except (UnreadableError, msgspec.ValidationError, AttributeError, TypeError):  # the steps say what is wrong
        return None
    return event if _is_plain(event, shape) else None


def built_together(raws: Sequence[Any]) -> list[Event] | None:
    """Return the events that objects are; None where one of them, at least, must go alone.

    Args:
        raws: what the JSON said.
    """
    try:
        if not _times.fullmatch("\n".join([raw[_WHEN] for raw in raws]) + "\n"):
            return None
        shapes = [_SHAPES[raw["kind"]] for raw in raws]
        held = [
            raw if shape.is_bare else _whole(raw, shape, shape.read_later) for raw, shape in zip(raws, shapes, strict=True)
        ]
        events: list[Event] = from_objects(held, _EVENTS)
    except (UnreadableError, msgspec.ValidationError, AttributeError, KeyError, TypeError):
        return None
    for raw, event, shape in zip(raws, events, shapes, strict=True):
        if ("" in raw.values()) if shape.is_bare else not _is_plain(event, shape):
            return None
    return events


def is_as_built(events: Sequence[Event], lines: bytes) -> bool:
    """Say whether events of our own, which nobody has looked at yet, have what their types and `built_together` ask.

    Args:
        events: as they were made.
        lines: their JSON, a line each.
    """
    try:
        _read_events(b"[" + lines.rstrip(b"\n").replace(b"\n", b",") + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return all(_is_plain(event, _SHAPES[str(event.__struct_config__.tag)]) for event in events)


def _whole(raw: dict[str, Any], shape: _Shape, read: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return an object with its times and numbers, and those of its parts, as their columns hold them."""
    held = _held(raw, read)
    for name, read_inside in shape.parts:
        inside = raw.get(name)
        if inside:
            held[name] = [_held(part, read_inside) for part in inside]
    return held


def _held(raw: dict[str, Any], read: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return an object with its times and numbers as their columns hold them."""
    held = raw.copy()
    for name, reader in read:
        value = raw.get(name)
        if value is not None:
            held[name] = reader(value)
    return held


def _is_plain(event: Event, shape: _Shape) -> bool:
    """Say whether texts hold something and whole numbers fit into their columns."""
    for name in shape.texts:
        if getattr(event, name) == "":
            return False
    for name in shape.counts:
        value = getattr(event, name)
        if value is not None and not -_INT32 <= value < _INT32:
            return False
    for list_name, names in shape.counts_of:
        for part in getattr(event, list_name):
            for name in names:
                value = getattr(part, name)
                if value is not None and not -_INT32 <= value < _INT32:
                    return False
    return True


def _is_read(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(arrow) or pa.types.is_decimal(arrow) or pa.types.is_floating(arrow))


def _of_types(fields: Iterator[Any], wanted: type[msgspec.inspect.Type]) -> tuple[Any, ...]:
    """Return those of a struct's fields that hold a type, alone or beside null."""
    return tuple(
        field for field in fields if any(isinstance(part, wanted) for part in getattr(field.type, "types", (field.type,)))
    )


def _shape(kind: type[Event]) -> _Shape:
    fields = msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]  # every struct has them
    tag = str(kind.__struct_config__.tag)
    columns = {name: SCHEMA.field(name).type for name in kind.__struct_fields__}
    lists = {name: columns[name].value_type for name in PARTS_OF[tag]}
    texts = _of_types(iter(fields), msgspec.inspect.StrType)
    read = tuple((name, reader_of(arrow)) for name, arrow in columns.items() if _is_read(arrow))
    counts = tuple(field.name for field in _of_types(iter(fields), msgspec.inspect.IntType))
    return _Shape(
        kind=kind,
        read=read,
        read_later=tuple(each for each in read if each[0] != _WHEN),
        is_bare=len(read) == 1 and not lists and not counts,
        parts=tuple(
            (name, tuple((part.name, reader_of(part.type)) for part in arrow if _is_read(part.type)))
            for name, arrow in lists.items()
        ),
        texts=tuple(
            field.name
            for field in texts
            if any(
                isinstance(part, msgspec.inspect.StrType) and not part.min_length
                for part in getattr(field.type, "types", (field.type,))
            )
        ),
        counts=counts,
        counts_of=tuple(
            (name, tuple(part.name for part in arrow if pa.types.is_int32(part.type))) for name, arrow in lists.items()
        ),
    )


_EVENTS = list[Union[EVENTS]]  # type: ignore[valid-type]  # noqa: UP007 - made of a tuple
_read_events = json_reader(_EVENTS)
_SHAPES = {str(one.__struct_config__.tag): _shape(one) for one in EVENTS}
