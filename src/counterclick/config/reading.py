"""Reading ``shop.toml`` once, with the message that says what would be right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import DictType, LiteralType, NoneType, StructType, TupleType, Type, UnionType, VarTupleType, type_info

from counterclick.config.checking import check
from counterclick.config.settings import Config
from counterclick.errors import ConfigError, did_you_mean
from counterclick.shapes import from_objects

__all__ = ["declared", "load", "parse"]


def load(path: Path) -> Config:
    """Read ``shop.toml``.

    Raises:
        ConfigError: it is not there, is not TOML, or says something that cannot be.
    """
    return parse(_text(path), str(path))


def declared(path: Path) -> dict[str, Any]:
    """Return what ``shop.toml`` itself says, without defaults.

    Raises:
        ConfigError: it is not there, or is not TOML.
    """
    return _parsed(_text(path), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); `counterclick init` writes a commented one."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error


def parse(text: str, name: str = "shop.toml") -> Config:
    """Return the configuration that a TOML text declares.

    Raises:
        ConfigError: it is not TOML, or says something that cannot be.
    """
    try:
        config = from_objects(_parsed(text, name), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explained(str(error))}") from error
    check(config, name)
    return config


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error


def _explained(message: str) -> str:
    """Return what is wrong with the names and values that would be right, where these can be listed."""
    found = re.fullmatch(r"(.*?)(?: - at `\$([^`]*)`)?", message, re.DOTALL)
    says, path = (found.group(1), found.group(2) or "") if found else (message, "")
    kind = _kind_at(path)
    unknown = re.fullmatch("Object contains unknown field `(.+)`", says, re.DOTALL)
    if unknown and isinstance(kind, StructType):
        return f"there is no setting {_instead(unknown.group(1), _section(path), 'have', [f.name for f in kind.fields])}"
    wrong = re.fullmatch("Invalid enum value .(.*).", says, re.DOTALL)
    if wrong and isinstance(kind, LiteralType):
        section, setting = path.rsplit(".", 1)
        return f"{setting} cannot be {_instead(wrong.group(1), _section(section), 'be', [str(v) for v in kind.values])}"
    return message


def _instead(wrong: str, section: str, verb: str, allowed: Sequence[str]) -> str:
    return f"{wrong!r} in {section}. {did_you_mean(wrong, allowed)}It may {verb}: {', '.join(allowed)}."


def _kind_at(path: str) -> Type:
    """Return what may stand at a place of the file, such as ``.experiments[...].looks``."""
    kind: Type = type_info(Config)
    for name in re.findall(r"\.\w+|\[.*?\]", path):
        if isinstance(kind, UnionType):
            kind = _one_of(kind, is_list=name.startswith("["))
        if isinstance(kind, StructType):
            kind = next(field.type for field in kind.fields if field.name == name[1:])
        elif isinstance(kind, DictType):
            kind = kind.value_type
        elif isinstance(kind, VarTupleType):
            kind = kind.item_type
        elif isinstance(kind, TupleType):
            kind = kind.item_types[int(name[1:-1])]
    return _one_of(kind, is_list=False) if isinstance(kind, UnionType) else kind


def _one_of(kind: UnionType, *, is_list: bool) -> Type:
    """Return which of several things stands there: a list where one is gone into, else the first."""
    found = [each for each in kind.types if not isinstance(each, NoneType)]
    return next((each for each in found if isinstance(each, VarTupleType) and is_list), found[0])


def _section(path: str) -> str:
    """Return the heading of a place of the file, such as ``[experiments.NAME]``."""
    named = re.sub(r"\[\d+\]", "", path.replace("[...]", ".NAME")).lstrip(".")
    return f"[{named}]" if named else "the file"
