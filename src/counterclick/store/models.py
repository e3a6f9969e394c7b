"""Models: what was learnt from the log, a file for each version, beside it.

A file has two lines of JSON: what the model says of itself (`Manifest`), and what it knows, as numbers and texts. Nothing
in it is code. It is written under another name first and then takes its own, so that a reader has a whole one or none. What
does not read as it was written is damaged, and nobody takes it up. Models that hold anything of people are erased with them.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from counterclick.errors import StoreError
from counterclick.shapes import from_json

__all__ = ["MODELS", "Manifest", "Models", "NewManifest"]

MODELS = "models"
"""Folder in the store's."""
_NAME = re.compile(r"([a-z][a-z0-9_]{0,60}(?:@[a-z][a-z0-9_]{0,60})?)-([0-9]{6,})\.jsonl")
_ERASURES = "erasures"
"""File that is written anew with every erasure: what was learnt from what is erased must not be written after it."""
_WRITING = "writing-"


class NewManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says of itself, before it has a version.

    Attributes:
        name: what it is, such as ``bundles``.
        form: of what it knows, counted up with every change of it.
        tables: digest of the schemas that it was learnt under, of events and of facts.
        settings: digest of the settings that it was made with.
        fitted_at: when it was learnt, UTC.
        known_at: when the last event arrived that it could know, UTC.
        first_at: of the first order that it was learnt from, UTC; None without orders.
        last_at: of the last one.
        metrics: what -> how many.
        passed: gates that the store has passed.
        missing: what is missing for the others, each in one sentence.
        of_people: whether it holds anything of single customers or visitors, such as a rate for each.
    """

    name: str
    form: int
    tables: str
    settings: str
    fitted_at: datetime
    known_at: datetime
    first_at: datetime | None = None
    last_at: datetime | None = None
    metrics: dict[str, float] = {}
    passed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    of_people: bool = False


class Manifest(NewManifest, frozen=True, kw_only=True):
    """What a model says of itself.

    Attributes:
        version: counted up with each fit.
        checksum: of what it knows.
        is_damaged: whether it cannot be read; then only its name and version are known.
    """

    version: int
    checksum: str = ""
    is_damaged: bool = False


class Models:
    """The folder with the models of a store.

    Args:
        folder: made when the first model is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def stamp(self) -> int:
        """A number that changes whenever a model is written or erased."""
        try:
            return self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    @property
    def erasures(self) -> str:
        """A text that changes with every erasure."""
        try:
            return (self.folder / _ERASURES).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def all(self) -> list[Manifest]:
        """Return what each model says of itself, by name, the newest version of each first."""
        found = [_manifest(self.folder / file) for file in self._files()]
        return sorted((each for each in found if each is not None), key=lambda each: (each.name, -each.version))

    def newest(self) -> dict[str, Manifest]:
        """Return name -> what its newest version says of itself."""
        return {each.name: each for each in reversed(self.all())}

    def read(self, manifest: Manifest) -> Mapping[str, Any]:
        """Return what a model knows.

        Raises:
            StoreError: it is damaged, or no longer there.
        """
        path = self._path(manifest)
        try:
            body = path.read_bytes().partition(b"\n")[2]
            if _checksum(body) == manifest.checksum:
                return from_json(body, dict[str, Any])
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"{path.name} cannot be read: {error}.") from error
        raise StoreError(f"{path.name} does not hold what was written to it.")

    def write(self, new: NewManifest, knows: Mapping[str, Any], *, kept: int) -> Manifest:
        """Write a model as the newest version of its name; when this returns it is on disk.

        Args:
            new: what it says of itself.
            knows: as numbers, texts, and lists and names of these.
            kept: versions of the name that are left, this one among them.

        Raises:
            StoreError: it could not be written; all is as it was.
        """
        body = msgspec.json.encode(knows)
        version = 1 + max((number for name, number in map(_named, self._files()) if name == new.name), default=0)
        manifest = Manifest(
            name=new.name,
            form=new.form,
            tables=new.tables,
            settings=new.settings,
            fitted_at=new.fitted_at,
            known_at=new.known_at,
            first_at=new.first_at,
            last_at=new.last_at,
            metrics=new.metrics,
            passed=new.passed,
            missing=new.missing,
            of_people=new.of_people,
            version=version,
            checksum=_checksum(body),
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _written(self._path(manifest), msgspec.json.encode(manifest) + b"\n" + body)
        except OSError as error:
            raise StoreError(f"{self._path(manifest)} could not be written: {error}.") from error
        for left in self.folder.glob(f"{_WRITING}*"):  # by a process that died: who writes holds the store's lock
            left.unlink(missing_ok=True)
        for file in self._files():
            name, number = _named(file)
            if name == new.name and number <= version - kept:
                (self.folder / file).unlink(missing_ok=True)
        return manifest

    def erase(self, *, everything: bool = False) -> None:
        """Delete every model that holds anything of people, and every one of which that cannot be known.

        Args:
            everything: also all others, where everything that they were learnt from is erased.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _written(self.folder / _ERASURES, secrets.token_hex(16).encode())
        for path in self.folder.iterdir():
            manifest = _manifest(path) if _NAME.fullmatch(path.name) else None
            nobodys = manifest is not None and not manifest.is_damaged and not manifest.of_people
            if path.name != _ERASURES and (everything or not nobodys):
                path.unlink(missing_ok=True)

    def _files(self) -> list[str]:
        try:
            return sorted(path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        except FileNotFoundError:
            return []

    def _path(self, manifest: Manifest) -> Path:
        return self.folder / f"{manifest.name}-{manifest.version:06}.jsonl"


def _named(file: str) -> tuple[str, int]:
    """Return name and version of a model by the name of its file."""
    name, _, version = file.removesuffix(".jsonl").rpartition("-")
    return name, int(version)


def _manifest(path: Path) -> Manifest | None:
    """Return what a model says of itself; None where it is gone."""
    name, version = _named(path.name)
    try:
        with path.open("rb") as file:
            found = from_json(file.readline(), Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError):
        return _damaged(name, version)
    return found if (found.name, found.version) == (name, version) else _damaged(name, version)


def _damaged(name: str, version: int) -> Manifest:
    never = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return Manifest(
        name=name,
        version=version,
        form=0,
        tables="",
        settings="",
        fitted_at=never,
        known_at=never,
        is_damaged=True,
    )


def _written(path: Path, body: bytes) -> None:
    """Write a file whole: under another name first, then under its own."""
    new = path.with_name(f"{_WRITING}{secrets.token_hex(8)}")
    try:
        with new.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _checksum(body: bytes) -> str:
    return f"{zlib.crc32(body):08x}-{len(body)}"
