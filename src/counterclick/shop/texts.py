"""The SQL of expressions as it was compiled before: a reading compiles some hundred of them, mostly those of the last one.

Which text is an expression's follows from its own bytes: whatever it is made of stands in them, and in the digest the
versions of whoever compiles it. A text is thus never another expression's, nor an older compiler's.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import ibis
from ibis.backends import BaseBackend
from ibis.expr.operations import Node

__all__ = ["Texts", "steady"]

_MOST = 1_000
"""So many texts are kept, those that were asked for last: some name a day, and nobody asks for them again."""
_RANDOM = r"\b(ibis_\w*_)[a-z2-7]{26}\b"
_LEFT_OUT = r"EXCLUDE \(([^()]*)\)"


class Texts:
    """Expression -> its SQL.

    Args:
        compiler: what its texts depend on besides the expression and the versions of Ibis and sqlglot.
    """

    def __init__(self, compiler: str) -> None:
        self._versions = f"{ibis.__version__}|{version('sqlglot')}|{compiler}".encode()
        self._stored: Mapping[str, str] = {}
        self._used: dict[str, str] = {}

    def take(self, stored: Mapping[str, str]) -> None:
        """Take the texts of earlier readings, least recently used first."""
        self._stored = stored

    def text(self, operation: Node, compiled: Callable[[], str]) -> str:
        """Return an expression's SQL, compiled unless it was before.

        Args:
            operation: the expression's.
            compiled: makes its SQL.
        """
        digest = self._digest(operation)
        found = self._used.pop(digest, None) or self._stored.get(digest) or steady(compiled())
        self._used[digest] = found
        return found

    def all(self) -> dict[str, str]:
        """Return the texts to store, least recently used first."""
        both = {**{digest: text for digest, text in self._stored.items() if digest not in self._used}, **self._used}
        return dict(list(both.items())[-_MOST:])

    def _digest(self, operation: Node) -> str:
        written = io.BytesIO()
        _Writer(written, pickle.HIGHEST_PROTOCOL).dump(operation)
        return hashlib.sha256(self._versions + written.getvalue()).hexdigest()


class _Writer(pickle.Pickler):
    """Writes an expression in the same bytes in every process: sets in order, and no connection. Nothing ever reads them."""

    def persistent_id(self, part: Any) -> object:
        if type(part) is frozenset:
            return ("set", *sorted(part))
        return "backend" if isinstance(part, BaseBackend) else None


def steady(sql: str) -> str:
    """Number the names that Ibis draws at random and sort those that it takes from a set: one expression is one text."""
    numbers: dict[str, str] = {}
    sql = re.sub(_RANDOM, lambda found: numbers.setdefault(found.group(), f"{found.group(1)}{len(numbers)}"), sql)
    return re.sub(_LEFT_OUT, lambda found: f"EXCLUDE ({', '.join(sorted(found.group(1).split(', ')))})", sql)
