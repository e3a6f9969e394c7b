"""Answers on disk, so that a server that begins anew shows at once what was known: free to be deleted at any time.

Only what says nothing of single people is stored: pages declare it (`Page.is_stored`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import counterclick
from counterclick.config import Config
from counterclick.shapes import from_json, from_msgpack
from counterclick.shop.premises import Premises
from counterclick.web.dashboard.kept import AT_MOST_SECONDS, Kept, answered

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["Stored", "StoredAnswer", "stored_or_answered"]


_PACKAGE = Path(counterclick.__file__).parent


class StoredAnswer(msgspec.Struct, frozen=True):
    """An answer as a file holds it.

    Attributes:
        name: of its question.
        made_by: digest of the configuration and of which files of the product there are: under others it is no answer.
        seen: the state of the log and the inbox that it was worked out from.
        answered_at: when, UTC.
        seconds: how long that took.
        worked: seconds of a processor's time that it took.
        value: what the verbs answered, as MessagePack.
    """

    name: str
    made_by: str
    seen: tuple[int, int]
    answered_at: datetime
    seconds: float
    worked: float
    value: msgspec.Raw


class Stored:
    """The files of answers.

    Args:
        shop: in whose store's folder they lie, under ``answers``.
    """

    def __init__(self, shop: Premises | Shop) -> None:
        self._folder = shop.store.folder / "answers"
        self._made_by = _made_by(shop.config)

    def read(self, name: str, kind: Any) -> Kept | None:
        """Return an answer as it was kept; None where there is none that holds here.

        Args:
            name: of its question.
            kind: type of the answer.
        """
        try:
            found = from_msgpack(self._path(name).read_bytes(), StoredAnswer)
            if found.name != name or found.made_by != self._made_by:
                return None
            value = from_msgpack(found.value, kind)
        except (OSError, msgspec.MsgspecError, TypeError):
            return None  # it is worked out anew
        return Kept(value, None, found.seen, found.answered_at, found.seconds, found.worked)

    def write(self, name: str, kept: Kept) -> None:
        """Store an answer, whole or not at all; what cannot be stored is worked out when it is asked for again.

        Args:
            name: of its question.
            kept: the answer, which is no refusal.
        """
        new = self._folder / f"{secrets.token_hex(8)}.new"
        try:
            raw = msgspec.Raw(msgspec.msgpack.encode(kept.value, enc_hook=_scalar))
            told = StoredAnswer(name, self._made_by, kept.seen, kept.answered_at, kept.seconds, kept.worked, raw)
            body = msgspec.msgpack.encode(told)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(body)
            new.replace(self._path(name))
        except (OSError, msgspec.MsgspecError, TypeError):
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.msgpack"


def stored_or_answered(name: str, kind: Any, question: Callable[[Shop], Any], shop: Shop) -> Kept:
    """Return the answer on disk where nothing has come since, else a new one, which is stored.

    Args:
        name: of its question.
        kind: type of the answer.
        question: verbs of the shop.
        shop: which.

    Raises:
        StoreError: the store cannot be read, which may be over in a moment.
    """
    stored = Stored(shop)
    known = stored.read(name, kind)
    if known is not None and known.seen == shop.store.seen() and known.age < AT_MOST_SECONDS:
        return known
    kept = answered(question, shop)
    if kept.refusal is None:
        stored.write(name, kept)
    return kept


def _made_by(config: Config) -> str:
    read = from_json(msgspec.json.encode(config), Config)  # as the other processes of a server have it
    told = hashlib.sha256(msgspec.json.encode(read, order="deterministic"))
    for path in sorted(_PACKAGE.rglob("*.py")):
        found = path.stat()
        told.update(f"{path} {found.st_size} {found.st_mtime_ns}".encode())
    return told.hexdigest()


def _scalar(value: Any) -> Any:
    """Return a number of NumPy's as one of Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no value that is stored.")
