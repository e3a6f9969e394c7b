"""Keys: who may send events to a shop, and who may read its figures.

A key is 32 random bytes, shown once, when it is made; the file keeps its SHA-256 (a key that nobody can guess needs no slow
hash). Several hold at once, so that a new one can take an old one's place without a gap.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Literal

import msgspec

from counterclick.display import Grid, Shown
from counterclick.errors import UnknownNameError
from counterclick.shop.private_file import PrivateFile
from counterclick.store import Store

__all__ = ["Key", "KeyList", "Keys", "May"]

May = Literal["write", "read", "browser"]
"""Send events and ask for decisions; read figures; or stand in a page, where everybody sees it, and send what buyers do."""
_PREFIX = {"write": "cc_w_", "read": "cc_r_", "browser": "cc_b_"}
_HOLDS_FOR: dict[May, tuple[May, ...]] = {"browser": ("browser", "write")}
"""What is asked for -> keys that allow it, where it is more than those of that name."""
_FILE = "keys.json"
_SHOWN = "%Y-%m-%d %H:%M"


class Key(msgspec.Struct, frozen=True):
    """One key, without its secret.

    Attributes:
        key_id: what it is called when it is withdrawn.
        may: what it allows.
        name: whose it is, in the shop's words.
        digest: SHA-256 of the secret, hexadecimal.
        made_at: UTC.
        ends_at: from when on it no longer holds, UTC; None while it does.
    """

    key_id: str
    may: May
    name: str
    digest: str
    made_at: datetime
    ends_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it is valid at a moment."""
        return self.ends_at is None or now < self.ends_at


class KeyList(msgspec.Struct, Shown, frozen=True):
    """The keys of a shop.

    Attributes:
        keys: in the order in which they were made.
    """

    keys: tuple[Key, ...]

    def grids(self) -> list[Grid]:
        """Return them as one table."""
        rows = [
            (key.key_id, key.may, key.name, f"{key.made_at:{_SHOWN}}", f"{key.ends_at:{_SHOWN}}" if key.ends_at else "")
            for key in self.keys
        ]
        notes = (
            ()
            if rows
            else (
                "There is none: `counterclick keys new write` makes one, `keys new browser` one that may stand in a page.",
            )
        )
        return [Grid("Keys", ("id", "may", "name", "made at (UTC)", "ends at (UTC)"), rows, notes, left=5)]


class Keys:
    """The keys of a shop, in a file that only its owner may read; a change is seen by every process.

    Args:
        store: in whose folder the file lies.
    """

    def __init__(self, store: Store) -> None:
        self._file = PrivateFile[tuple[Key, ...]](store, _FILE, tuple[Key, ...], ())
        self._keys: tuple[Key, ...] = ()
        self._by_digest: dict[str, Key] = {}

    def all(self) -> KeyList:
        """Return every key that was made and not deleted."""
        return KeyList(self._look())

    def new(self, may: May, name: str) -> tuple[Key, str]:
        """Make a key; return it and its secret, which is nowhere else."""
        secret = _PREFIX[may] + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(4), may, name, _digest(secret), datetime.now(UTC).replace(microsecond=0))
        self._file.change(lambda keys: (*keys, key))
        return key, secret

    def withdraw(self, key_id: str, at: datetime | None = None) -> Key:
        """Let a key end.

        Args:
            key_id: which.
            at: when, UTC; now unless given.

        Raises:
            UnknownNameError: there is no such key.
        """
        known = {key.key_id: key for key in self.all().keys}
        if key_id not in known:
            raise UnknownNameError("key", key_id, known)
        ended = msgspec.structs.replace(known[key_id], ends_at=at or datetime.now(UTC).replace(microsecond=0))
        self._file.change(lambda keys: tuple(ended if key.key_id == key_id else key for key in keys))
        return ended

    def find(self, secret: str, may: May) -> Key | None:
        """Return the key of a secret, if it holds and allows this: in time that does not tell how much of it was right."""
        self._look()
        key = self._by_digest.get(_digest(secret))
        return key if key is not None and key.may in _HOLDS_FOR.get(may, (may,)) and key.holds(datetime.now(UTC)) else None

    def _look(self) -> tuple[Key, ...]:
        """Return the keys, with their digests known."""
        keys = self._file.read()
        if keys is not self._keys:
            self._by_digest = {key.digest: key for key in keys}
            self._keys = keys
        return keys


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
