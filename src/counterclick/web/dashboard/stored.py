"""Answers on disk, so that a server that begins anew shows at once what was known: free to be deleted at any time.

Only what says nothing of single people is stored: pages declare it (`Page.is_stored`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

import counterclick
from counterclick.config import Config
from counterclick.shop import Shop

__all__ = ["Stored", "StoredAnswer"]


_PACKAGE = Path(counterclick.__file__).parent


class StoredAnswer(msgspec.Struct, frozen=True):
    """An answer as a file holds it.

    Attributes:
        name: of its question.
        made_by: digest of the configuration and of which files of the product there are: under others it is no answer.
        seen: the state of the log and the inbox that it was worked out from.
        answered_at: when, UTC.
        seconds: how long that took.
        value: what the verbs answered, as MessagePack.
    """

    name: str
    made_by: str
    seen: tuple[int, int]
    answered_at: datetime
    seconds: float
    value: msgspec.Raw


class Stored:
    """The files of answers.

    Args:
        shop: in whose store's folder they lie, under ``answers``.
    """

    def __init__(self, shop: Shop) -> None:
        self._folder = shop.store.folder / "answers"
        self._made_by = _made_by(shop.config)

    def read(self, name: str, kind: Any) -> tuple[Any, StoredAnswer] | None:
        """Return an answer with when it was made; None where there is none that holds here.

        Args:
            name: of its question.
            kind: type of the answer.
        """
        try:
            found = msgspec.msgpack.decode(self._path(name).read_bytes(), type=StoredAnswer)
            if found.name != name or found.made_by != self._made_by:
                return None
            return msgspec.msgpack.decode(found.value, type=kind), found
        except (OSError, msgspec.MsgspecError, TypeError):
            return None  # it is worked out anew

    def write(self, name: str, value: Any, seen: tuple[int, int], answered_at: datetime, seconds: float) -> None:
        """Store an answer, whole or not at all; what cannot be stored is worked out when it is asked for again."""
        new = self._folder / f"{secrets.token_hex(8)}.new"
        try:
            raw = msgspec.Raw(msgspec.msgpack.encode(value, enc_hook=_scalar))
            body = msgspec.msgpack.encode(StoredAnswer(name, self._made_by, seen, answered_at, seconds, raw))
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(body)
            new.replace(self._path(name))
        except (OSError, msgspec.MsgspecError, TypeError):
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.msgpack"


def _made_by(config: Config) -> str:
    told = hashlib.sha256(repr(config).encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        found = path.stat()
        told.update(f"{path} {found.st_size} {found.st_mtime_ns}".encode())
    return told.hexdigest()


def _scalar(value: Any) -> Any:
    """Return a number of NumPy's as one of Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no value that is stored.")
