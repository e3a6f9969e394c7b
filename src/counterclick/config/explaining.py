"""What each setting means, as its docstring says: one place for the docs and for those who look at their own file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["Setting", "meanings", "settings_of"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        section: where it stands, such as ``[shop]`` or ``[surfaces.cart]``.
        name: what it is called.
        meaning: what it means.
        value: what holds.
        default: what holds where it is not set; None where it must be set.
        is_set: whether the file says it.
        is_required: whether it must be set.
    """

    section: str
    name: str
    meaning: str
    value: Any
    default: Any
    is_set: bool
    is_required: bool = False


def meanings(thing: object) -> dict[str, str]:
    """Return what a Google-style docstring says of each attribute.

    Args:
        thing: a class.
    """
    text = inspect.getdoc(thing) or ""
    if "Attributes:" not in text:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in text.split("Attributes:")[1].splitlines():
        match = re.match(r" {4}(\w+): (.*)", line)
        if match:
            name = match.group(1)
            found[name] = match.group(2).strip()
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return found


def settings_of(config: msgspec.Struct, raw: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Return every setting of what is declared, in the order of the sections.

    Args:
        config: what holds.
        raw: what the file says.
    """
    return tuple(_settings(config, raw, ""))


def _settings(config: msgspec.Struct, raw: Mapping[str, Any], section: str) -> Iterator[Setting]:
    says = meanings(type(config))
    summary = (inspect.getdoc(config) or "").partition("\n")[0].partition(": ")[2]
    parts: list[tuple[msgspec.Struct, Mapping[str, Any], str]] = []
    for field in msgspec.structs.fields(config):
        value, said = getattr(config, field.name), raw.get(field.name)
        place = f"{section}.{field.name}" if section else field.name
        if isinstance(value, msgspec.Struct):
            parts.append((value, said or {}, place))
        elif isinstance(value, Mapping) and value and all(isinstance(each, msgspec.Struct) for each in value.values()):
            parts += [(each, (said or {}).get(name, {}), f"{place}.{name}") for name, each in value.items()]
        elif section:
            yield Setting(
                f"[{section}]",
                field.name,
                says.get(field.name, summary),
                value,
                _default(field),
                field.name in raw,
                field.required,
            )
    for part, said, place in parts:
        yield from _settings(part, said, place)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return None if field.default_factory is msgspec.NODEFAULT else field.default_factory()
