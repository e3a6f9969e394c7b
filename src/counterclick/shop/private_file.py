"""A small file that only its owner may read, written whole; a change is seen by every process."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from counterclick.errors import StoreError
from counterclick.shapes import from_json
from counterclick.store import Store

__all__ = ["PrivateFile"]

Held = TypeVar("Held")


class PrivateFile(Generic[Held]):
    """What a file in the store's folder holds, with mode 0600.

    Args:
        store: in whose folder it lies.
        name: of the file.
        kind: what it holds, as msgspec reads it.
        empty: what it holds where there is none.
    """

    def __init__(self, store: Store, name: str, kind: type[Held], empty: Held) -> None:
        self._store = store
        self._path = store.folder / name
        self._kind = kind
        self._empty = empty
        self._seen: tuple[int, int] | None = None
        self._held = empty

    def read(self) -> Held:
        """Return what it holds, read again where it has changed.

        Raises:
            StoreError: it cannot be read as what it should be.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            seen = None
        else:
            seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._held = self._decoded() if seen else self._empty
            self._seen = seen
        return self._held

    def change(self, change: Callable[[Held], Held]) -> None:
        """Write it anew, whole, under another name first.

        Args:
            change: makes what it is to hold from what it holds.

        Raises:
            StoreError: it cannot be written; it is as it was.
        """
        with self._store.writing():
            body = msgspec.json.format(msgspec.json.encode(change(self.read())), indent=2)
            new = self._path.with_name(f"{self._path.name}-{secrets.token_hex(4)}")
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

    def _decoded(self) -> Held:
        try:
            return from_json(self._path.read_bytes(), self._kind)
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"{self._path} cannot be read as what it should hold: {error}.") from error
