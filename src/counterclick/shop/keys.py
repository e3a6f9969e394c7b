"""Keys: who may send events to a shop, and who may read its figures.

A key is 32 random bytes, shown once, when it is made; the file keeps its SHA-256 (a key that nobody can guess needs no slow
hash). Several hold at once, so that a new one can take an old one's place without a gap.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from counterclick.display import Grid, Shown
from counterclick.errors import StoreError, UnknownNameError
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
        self._store = store
        self._path = store.folder / _FILE
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        self._by_digest: dict[str, Key] = {}

    def all(self) -> KeyList:
        """Return every key that was made and not deleted."""
        self._look()
        return KeyList(self._keys)

    def new(self, may: May, name: str) -> tuple[Key, str]:
        """Make a key; return it and its secret, which is nowhere else."""
        secret = _PREFIX[may] + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(4), may, name, _digest(secret), datetime.now(UTC).replace(microsecond=0))
        self._change(lambda keys: (*keys, key))
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
        self._change(lambda keys: tuple(ended if key.key_id == key_id else key for key in keys))
        return ended

    def find(self, secret: str, may: May) -> Key | None:
        """Return the key of a secret, if it holds and allows this: in time that does not tell how much of it was right."""
        self._look()
        key = self._by_digest.get(_digest(secret))
        return key if key is not None and key.may in _HOLDS_FOR.get(may, (may,)) and key.holds(datetime.now(UTC)) else None

    def _look(self) -> None:
        """Read the file again if it has changed."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            seen = None
        else:
            seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._keys = self._read() if seen else ()
            self._by_digest = {key.digest: key for key in self._keys}
            self._seen = seen

    def _read(self) -> tuple[Key, ...]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Key, ...])
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"{self._path} cannot be read as a file of keys: {error}.") from error

    def _change(self, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
        """Write the file anew, whole, under another name first."""
        with self._store.writing():
            self._look()
            body = msgspec.json.format(msgspec.json.encode(change(self._keys)), indent=2)
            new = self._path.with_name(f"{_FILE}-{secrets.token_hex(4)}")
            try:
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._path)
            except OSError as error:
                new.unlink(missing_ok=True)
                raise StoreError(f"{self._path} could not be written: {error}.") from error
            self._seen = None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
