"""Writing one setting into a TOML file: its value changes, and nothing else of the file does, comments included."""

from __future__ import annotations

import copy
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterclick.errors import ConfigError

__all__ = ["appended", "toml_value", "with_setting", "written"]

_HEADER = re.compile(r"\s*\[")


def with_setting(text: str, section: str, key: str, value: Any, *, rule: str | None = None) -> str:
    """Return a TOML text with one setting changed.

    Args:
        text: of the file.
        section: heading under which it stands, such as ``bundles``; empty for the top of the file.
        key: of the setting.
        value: that it gets.
        rule: where the section is a list of tables, the ``name`` of the one that is meant.

    Raises:
        ConfigError: the setting is written in a way in which it cannot be changed alone.
    """
    wanted = _parsed(text)
    place = wanted if not section else wanted.setdefault(section, {})
    if rule is not None:
        place = next((each for each in place if each.get("name") == rule), None) if isinstance(place, list) else None
    if not isinstance(place, dict):
        raise ConfigError(f"[{section}] is written in a way in which {key} cannot be changed alone; write it yourself.")
    place[key] = copy.deepcopy(value)
    lines = text.splitlines(keepends=True)
    for first, last in _regions(lines, section, rule is not None):
        changed = "".join(_changed(lines, first, last, key, value))
        if _parsed(changed, strict=False) == wanted:
            return changed
    changed = appended(text, f"[{section}]\n{_key(key)} = {toml_value(value)}\n") if section and rule is None else ""
    if changed and _parsed(changed, strict=False) == wanted:
        return changed
    raise ConfigError(
        f"{key} of [{section}] cannot be changed alone as it is written there; write {_key(key)} = {toml_value(value)} "
        "yourself."
    )


def appended(text: str, section: str) -> str:
    """Return a text with a section at its end, an empty line before it."""
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{section}"


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it.

    >>> toml_value({"bundles.shrink": 5.0, "b": [True, "x"]})
    '{ "bundles.shrink" = 5.0, b = [true, "x"] }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {toml_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def written(path: Path, text: str) -> None:
    """Write a file whole, or leave it as it was.

    Raises:
        ConfigError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written ({error.strerror}); nothing was changed.") from error


def _regions(lines: list[str], section: str, is_list: bool) -> list[tuple[int, int]]:  # noqa: FBT001 - of a private helper
    """Return where the body of each heading of that name begins and ends; the top of the file without a name."""
    heads = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    ends = [*heads[1:], len(lines)] if heads else []
    if not section:
        return [(0, heads[0] if heads else len(lines))]
    named = f"[[{section}]]" if is_list else f"[{section}]"
    return [
        (first + 1, last) for first, last in zip(heads, ends, strict=True) if lines[first].partition("#")[0].strip() == named
    ]


def _changed(lines: list[str], first: int, last: int, key: str, value: Any) -> list[str]:
    """Return lines with a key's value changed between two of them, or with the key put first there."""
    new = toml_value(value)
    for number in range(first, last):
        found = re.match(rf'\s*(?:{re.escape(key)}|"{re.escape(key)}")\s*=\s*', lines[number])
        if found:
            rest = lines[number][found.end() :]
            return [*lines[:number], f"{found.group()}{new}{_after(rest)}", *lines[number + 1 :]]
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    before = lines[:first]
    if before and not before[-1].endswith("\n"):
        before[-1] += ending
    return [*before, f"{_key(key)} = {new}{ending}", *lines[first:]]


def _after(rest: str) -> str:
    """Return what follows a value on its line: spaces, a comment, the end of the line."""
    body = rest.rstrip("\r\n")
    for end in range(1, len(body) + 1):
        if end == len(body) or body[end:].lstrip().startswith("#"):
            try:
                tomllib.loads(f"v = {body[:end]}")
            except tomllib.TOMLDecodeError:
                continue
            return body[len(body[:end].rstrip()) :] + rest[len(body) :]
    return rest[len(body) :]


def _parsed(text: str, *, strict: bool = True) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if strict:
            raise ConfigError(f"the file is not valid TOML: {error}.") from error
        return {}


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
