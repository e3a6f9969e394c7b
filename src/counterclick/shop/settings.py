"""What ``shop.toml`` declares, explained: each setting with its meaning, what holds, and whether the file says it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from counterclick.config import Config, load
from counterclick.config.explaining import Setting, settings_of
from counterclick.display import Grid, Shown, plain
from counterclick.errors import ConfigError

__all__ = ["Settings", "read_settings"]

_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Settings(Shown):
    """The settings of a shop.

    Attributes:
        file: name of the file in which they are declared.
        settings: that hold, in the order of their sections.
        wrong: what is wrong with the file as it is now; empty where nothing is.
        is_changed: whether the file now says something else than what holds: it is read when a process begins.
    """

    file: str
    settings: tuple[Setting, ...]
    wrong: str = ""
    is_changed: bool = False

    @property
    def says(self) -> str:
        """The state of the file, in a sentence."""
        if self.wrong:
            return f"{self.file} cannot be read as it is now; what it said before holds. {self.wrong}"
        if self.is_changed:
            return f"{self.file} was changed after this process began, and is right: it holds when serve is started anew."
        return f"{self.file} is right, and holds."

    def grids(self) -> list[Grid]:
        """Return one table for each section."""
        grids = [Grid(self.says, (), ())]
        heads = ("setting", "holds", "", "meaning")
        for section, found in groupby(self.settings, lambda each: each.section):
            rows = [(each.name, written(each.value), "set" if each.is_set else "by default", each.meaning) for each in found]
            grids.append(Grid(section, heads, rows, left=4))
        return grids


def read_settings(config: Config, file: Path) -> Settings:
    """Return the settings that hold, beside what their file says now.

    Args:
        config: what holds.
        file: where it was declared.
    """
    raw: dict[str, Any] = {}
    wrong, is_changed = "", False
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        is_changed = load(file) != config
    except (ConfigError, OSError, ValueError) as error:
        wrong = str(error)
    return Settings(file.name, settings_of(config, raw), wrong, is_changed)


def written(value: Any) -> str:
    """Return a value as TOML writes it; a secret within an address is left out.

    >>> written(0.5), written("s3://me:secret@store/log"), written(None)
    ('0.5', '"s3://...@store/log"', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, str):
        return msgspec.json.encode(_SECRET.sub("...@", value)).decode()
    return _SECRET.sub("...@", msgspec.json.encode(plain(value)).decode())
