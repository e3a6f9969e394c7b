"""JSON, MessagePack and plain objects as typed values, safely from many threads.

msgspec looks at a type when it meets it for the first time. Two threads that meet a type with other types in it at the same
moment end the process (msgspec 0.22: the second reads fields that the first has not filled in yet). Here one looks, the
others wait; everything in the project that reads typed values reads them through this module.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, overload

import msgspec

__all__ = ["from_json", "from_msgpack", "from_objects", "json_reader", "msgpack_reader"]

T = TypeVar("T")
_looking = threading.Lock()
_known: set[Any] = set()


@overload
def from_json(data: bytes | str, kind: type[T]) -> T: ...


@overload
def from_json(data: bytes | str, kind: Any) -> Any: ...


def from_json(data: bytes | str, kind: Any) -> Any:
    """Return JSON as a value of a type.

    Args:
        data: one JSON value.
        kind: what it shall be.

    Raises:
        msgspec.ValidationError: it is something else.
        msgspec.DecodeError: it is no JSON.
    """
    _look(kind)
    return msgspec.json.decode(data, type=kind)


@overload
def from_msgpack(data: bytes, kind: type[T]) -> T: ...


@overload
def from_msgpack(data: bytes, kind: Any) -> Any: ...


def from_msgpack(data: bytes, kind: Any) -> Any:
    """Return MessagePack as a value of a type; see `from_json`."""
    _look(kind)
    return msgspec.msgpack.decode(data, type=kind)


@overload
def from_objects(found: Any, kind: type[T]) -> T: ...


@overload
def from_objects(found: Any, kind: Any) -> Any: ...


def from_objects(found: Any, kind: Any) -> Any:
    """Return dictionaries, lists, texts and numbers as a value of a type; see `from_json`."""
    _look(kind)
    return msgspec.convert(found, kind)


def json_reader(kind: type[T]) -> Callable[[bytes | str], T]:
    """Return what reads JSON as a value of one type, again and again."""
    _look(kind)
    return msgspec.json.Decoder(kind).decode


def msgpack_reader(kind: type[T]) -> Callable[[bytes], T]:
    """Return what reads MessagePack as a value of one type, again and again."""
    _look(kind)
    return msgspec.msgpack.Decoder(kind).decode


def _look(kind: Any) -> None:
    """Let msgspec look at a type before anybody reads it."""
    if kind not in _known:
        with _looking:
            msgspec.json.Decoder(kind)
        _known.add(kind)
