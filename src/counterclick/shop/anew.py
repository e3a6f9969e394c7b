"""Asking again where events were erased from the log while it was read: the files that a reading knows are gone then."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

import duckdb

__all__ = ["anew"]

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
_ATTEMPTS = 3


class _Reads(Protocol):
    """Whose verbs read the store."""

    @property
    def is_overtaken(self) -> bool: ...

    def drop(self) -> None: ...


Asker = TypeVar("Asker", bound=_Reads)


def anew(
    verb: Callable[Concatenate[Asker, Given], Answer],
) -> Callable[Concatenate[Asker, Given], Answer]:
    """Return a verb that begins a new reading, and asks it again, where events of its reading were erased meanwhile."""

    @functools.wraps(verb)
    def asked(asker: Asker, /, *given: Given.args, **named: Given.kwargs) -> Answer:
        for _ in range(_ATTEMPTS - 1):
            try:
                return verb(asker, *given, **named)
            except (duckdb.Error, OSError):
                if not asker.is_overtaken:
                    raise
                asker.drop()
        return verb(asker, *given, **named)

    return cast("Callable[Concatenate[Asker, Given], Answer]", asked)
