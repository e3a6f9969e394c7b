"""Reading ``shop.toml`` once, with the message that says what would be right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from counterclick.config.checking import check
from counterclick.config.health import HealthConfig
from counterclick.config.readiness import ReadinessConfig
from counterclick.config.settings import (
    AttributionConfig,
    Config,
    ExperimentConfig,
    HoldoutConfig,
    KillConfig,
    MappedEvent,
    OnOffConfig,
    ShopConfig,
    Skip,
    SurfaceConfig,
    TableConfig,
)
from counterclick.errors import ConfigError, did_you_mean

__all__ = ["load", "parse"]


def load(path: Path) -> Config:
    """Read ``shop.toml``.

    Raises:
        ConfigError: it is not there, is not TOML, or says something that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); `counterclick init` writes a commented one."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error
    return parse(text, str(path))


def parse(text: str, name: str = "shop.toml") -> Config:
    """Return the configuration that a TOML text declares.

    Raises:
        ConfigError: it is not TOML, or says something that cannot be.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explained(str(error))}") from error
    check(config, name)
    return config


def _explained(message: str) -> str:
    found = re.search(r"unknown field `(.+?)`(?: - at `\$(.*)`)?", message)
    if not found:
        return message
    known: dict[str, type[msgspec.Struct]] = {
        "": Config,
        "shop": ShopConfig,
        "attribution": AttributionConfig,
        "surfaces": SurfaceConfig,
        "experiments": ExperimentConfig,
        "holdout": HoldoutConfig,
        "onoff": OnOffConfig,
        "kill": KillConfig,
        "tables": TableConfig,
        "readiness": ReadinessConfig,
        "health": HealthConfig,
    }
    path = found.group(2) or ""
    section = path.lstrip(".").split(".")[0].split("[")[0]
    struct = known.get(section, Config)
    if section == "tables":
        struct = MappedEvent if ".events[" in path else Skip if ".skip[" in path else TableConfig
    fields = struct.__struct_fields__
    return (
        f"there is no setting {found.group(1)!r} in [{section or 'the file'}]. "
        f"{did_you_mean(found.group(1), fields)}It may have: {', '.join(fields)}."
    )
