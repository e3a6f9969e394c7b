"""The first half of the door in one go, for what is written as it should be: from a decoded object to an event.

`counterclick.events.door.STEPS` says what an event is; this takes only what its steps would take, with the same values, and
leaves everything else to them, so that whatever is refused is refused there. A property test holds it to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from counterclick.events.readings import UnreadableError, reader_of
from counterclick.events.schema import PARTS_OF, SCHEMA
from counterclick.events.vocabulary import EVENTS, Event

__all__ = ["built_at_once"]

_INT32 = 2**31


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is asked of one kind of event besides the types that its struct declares.

    Attributes:
        kind: the struct.
        read: (name, how it is read) of its times and numbers, which JSON writes in more than one way.
        parts: (list, as `read` of its objects) of its lists of objects.
        texts: its texts that may be empty by their type: an empty one means that nothing was sent.
        counts: its whole numbers.
        counts_of: (list, the whole numbers of its objects).
    """

    kind: type[Event]
    read: tuple[tuple[str, Any], ...]
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
        held = _held(raw, shape.read)
        for name, read in shape.parts:
            inside = raw.get(name)
            if inside:
                held[name] = [_held(part, read) for part in inside]
        event = msgspec.convert(held, shape.kind)
    except (UnreadableError, msgspec.ValidationError, AttributeError, TypeError):  # the steps say what is wrong
        return None
    return event if _is_plain(event, shape) else None


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
    return _Shape(
        kind=kind,
        read=tuple((name, reader_of(arrow)) for name, arrow in columns.items() if _is_read(arrow)),
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
        counts=tuple(field.name for field in _of_types(iter(fields), msgspec.inspect.IntType)),
        counts_of=tuple(
            (name, tuple(part.name for part in arrow if pa.types.is_int32(part.type))) for name, arrow in lists.items()
        ),
    )


_SHAPES = {str(one.__struct_config__.tag): _shape(one) for one in EVENTS}
