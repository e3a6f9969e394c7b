"""The settings of ``shop.toml`` as they were read: each with its meaning, and what is missing."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from counterclick.config import Config, load
from counterclick.config.meanings import meanings
from counterclick.display import Grid, Shown, plain
from counterclick.errors import ConfigError

__all__ = ["Advice", "Setting", "Settings", "settings_of", "written"]

_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]{0,39}")
_HIDDEN = "(hidden)"
_ALIGNING = ("celebrates", "measured_on", "tuned_on")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        section: heading under which it stands, such as ``[experiments.chat]``.
        key: its name.
        value: what holds, as JSON knows it; what may be a secret is hidden.
        is_set: whether ``shop.toml`` says it; else it is the default.
        default: what holds where the file says nothing; None where there is no default, or it is none.
        says: its meaning, in one sentence.
        is_required: whether it must be set.
    """

    section: str
    key: str
    value: Any
    is_set: bool
    default: Any
    says: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that is missing.

    Attributes:
        section: heading under which it would stand.
        key: the setting.
        says: what cannot be known without it, and what would be right.
    """

    section: str
    key: str
    says: str


@dataclass(frozen=True, slots=True)
class Settings(Shown):
    """All settings of a shop.

    Attributes:
        settings: in the order of the sections.
        undeclared: sections of which nothing is declared, and which have no settings until they are.
        advice: what is missing.
        file: name of the file in which they are declared; empty where there is none.
        wrong: what is wrong with the file as it is now; empty where nothing is.
        is_changed: whether the file now says something else than what holds: it is read when a process begins.
    """

    settings: tuple[Setting, ...]
    undeclared: tuple[str, ...]
    advice: tuple[Advice, ...]
    file: str = ""
    wrong: str = ""
    is_changed: bool = False

    @property
    def says(self) -> str:
        """The state of the file, in a sentence."""
        if not self.file:
            return "No file declares them: they were handed over by a program."
        if self.wrong:
            return f"{self.file} cannot be read as it is now; what it said before holds. {self.wrong}"
        if self.is_changed:
            return f"{self.file} was changed after this process began, and is right: it holds when serve is started anew."
        return f"{self.file} is right, and holds."

    def setting(self, section: str, key: str) -> Setting:
        """Return a setting by its section, such as ``[shop]``, and its name.

        Raises:
            KeyError: there is none of that name.
        """
        return {(each.section, each.key): each for each in self.settings}[section, key]

    def grids(self) -> list[Grid]:
        """Return a table for each section, and what is missing."""
        sections = dict.fromkeys(each.section for each in self.settings)
        grids = [Grid(self.says, (), ())]
        grids += [
            Grid(
                section,
                ("setting", "value", "", "meaning"),
                [
                    (each.key, written(each.value), "set" if each.is_set else "default", each.says)
                    for each in self.settings
                    if each.section == section
                ],
                left=4,
            )
            for section in sections
        ]
        missing = [(each.section, each.key, each.says) for each in self.advice]
        if missing:
            grids.append(Grid("What is missing", ("section", "setting", "what would be right"), missing, left=3))
        if self.undeclared:
            grids.append(Grid("", (), (), (f"Not declared: {', '.join(self.undeclared)}.",)))
        return grids


def settings_of(
    config: Config,
    declared: Mapping[str, Any] | None,
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    file: Path | None = None,
) -> Settings:
    """Return all settings.

    Args:
        config: as it was read and checked.
        declared: what the file says; None where a shop was opened without one: what differs from its default is set then.
        folder: of ``shop.toml``, where the files lie that it names.
        environment: variables of this process; of those that hold secrets only whether they are there is told.
        file: where they are declared; what it says now is compared with what holds.
    """
    found = tuple(_walk(config, "", declared))
    undeclared = tuple(
        f"[{field.name}{'.NAME' if getattr(config, field.name) == {} else ''}]"
        for field in msgspec.structs.fields(Config)
        if getattr(config, field.name) in (None, {})
    )
    advice = (*_of_surfaces(config), *_of_places(config, folder, environment))
    if file is None:
        return Settings(found, undeclared, advice)
    try:
        is_changed, wrong = load(file) != config, ""
    except ConfigError as error:
        is_changed, wrong = False, str(error)
    return Settings(found, undeclared, advice, file.name, wrong, is_changed)


def _walk(part: msgspec.Struct, path: str, declared: Mapping[str, Any] | None) -> Iterator[Setting]:
    """Yield the settings of a section, then those of the sections in it."""
    says, whole = meanings(type(part)), (inspect.getdoc(type(part)) or "").split("\n", maxsplit=1)[0].partition(": ")[2]
    inner: list[tuple[Any, str, Mapping[str, Any] | None]] = []
    for field in msgspec.structs.fields(type(part)):
        value = getattr(part, field.name)
        told = None if declared is None else declared.get(field.name)
        place = f"{path}.{field.name}" if path else field.name
        if isinstance(value, msgspec.Struct):
            inner.append((value, place, None if declared is None else told or {}))
        elif isinstance(value, dict) and value and all(isinstance(each, msgspec.Struct) for each in value.values()):
            inner += [(each, f"{place}.{name}", told[name] if told else None) for name, each in value.items()]
        elif isinstance(value, tuple) and value and all(isinstance(each, msgspec.Struct) for each in value):
            inner += [(each, f"{place}.{n}", told[n - 1] if told else None) for n, each in enumerate(value, 1)]
        elif field.name == "facts":
            inner += _of_facts(value, place, told)
        elif path:
            default = _default(field)
            is_set = value != default if declared is None else field.name in declared
            own = (_safe(field.name, value), is_set, _safe(field.name, default), says.get(field.name, whole))
            yield Setting(f"[{path}]", field.name, *own, is_required=field.required)
    for each, place, told in inner:
        yield from _walk(each, place, told)


def _of_facts(facts: Mapping[str, Any], place: str, told: Mapping[str, Any] | None) -> Iterator[tuple[Any, str, Any]]:
    """Yield the tables of facts, some of which have several."""
    for name, own in facts.items():
        said = told[name] if told else None
        if not isinstance(own, tuple):
            yield own, f"{place}.{name}", said
            continue
        yield from ((each, f"{place}.{name}.{n}", said[n - 1] if said else None) for n, each in enumerate(own, 1))


def _default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return None if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _safe(key: str, value: Any) -> Any:
    """Return a value as JSON knows it, without what may be a secret: in addresses, and where a variable should be named."""
    if isinstance(value, str) and key.endswith("_env") and not _ENVIRONMENT.fullmatch(value):
        return _HIDDEN
    if isinstance(value, str) and "://" in value:
        return re.sub(r"://[^/@]*@", f"://{_HIDDEN}@", value).partition("?")[0]
    return plain(value)


def _of_surfaces(config: Config) -> Iterator[Advice]:
    """Yield what is missing of surfaces: a file that is right may still leave questions without an answer."""
    for name, surface in config.surfaces.items():
        section = f"[surfaces.{name}]"
        if surface.monthly_cost is None:
            says = "Whether it pays its cost cannot be said: write what it costs a month, such as 299; 0 if nothing."
            yield Advice(section, "monthly_cost", says)
        missing = [key for key in _ALIGNING if getattr(surface, key) is None]
        if missing:
            says = "Whether it is measured and tuned on what its owner celebrates cannot be asked: name a metric for each."
            yield Advice(section, ", ".join(missing), says)
    tested = {name: each.surface for name, each in config.experiments.items()}
    for name, place in tested.items():
        if place not in config.surfaces:
            says = f"The surface of experiment {name!r} is not declared: its cost and what it is tuned on are not known."
            yield Advice(f"[surfaces.{place}]", "monthly_cost", says)


def _of_places(config: Config, folder: Path, environment: Mapping[str, str]) -> Iterator[Advice]:
    """Yield which files and variables that the file names are not there."""
    if config.shop.rates is not None and not (folder / config.shop.rates).is_file():
        says = f"There is no file {config.shop.rates}: write a CSV with the columns day, from, to, rate."
        yield Advice("[shop]", "rates", says)
    for section, sender in (("[shopify]", config.shopify), ("[loop]", config.loop)):
        if sender is None:
            continue
        if not _ENVIRONMENT.fullmatch(sender.secret_env):
            says = "It names an environment variable, such as MY_SECRET, and never is the secret itself."
            yield Advice(section, "secret_env", says)
        elif not environment.get(sender.secret_env):
            says = f"The environment variable {sender.secret_env} is not set here: webhooks cannot be believed without it."
            yield Advice(section, "secret_env", says)


def written(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode() if value else "none"
    return f"{value}"
