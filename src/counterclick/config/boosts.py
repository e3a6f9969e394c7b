"""``boosts.toml``: by how much a product's score is multiplied, read once and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from counterclick.errors import ConfigError
from counterclick.shapes import from_objects

__all__ = ["BOOST", "Boosts", "boosts_beside", "load_boosts"]

BOOST = Annotated[float, Meta(ge=0, le=1_000)]
"""What a product's score is multiplied with; 1 leaves it, 0 keeps the product from being offered."""


class Boosts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``boosts.toml``.

    Attributes:
        boosts: product -> what its score is multiplied with.
        tuned_on: the metric that they were made from, where another tool made them.
    """

    boosts: dict[Annotated[str, Meta(min_length=1, max_length=200)], BOOST] = {}
    tuned_on: str | None = None


def boosts_beside(rules: Path) -> Path:
    """Return where the boosts lie: beside the rules."""
    return rules.with_name("boosts.toml")


def load_boosts(path: Path) -> Boosts:
    """Read ``boosts.toml``; a shop without the file has no boosts.

    Raises:
        ConfigError: it cannot be read, is not TOML, or says something that cannot be.
    """
    try:
        return from_objects(tomllib.loads(path.read_text(encoding="utf-8")), Boosts)
    except FileNotFoundError:
        return Boosts()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        says = 'write tuned_on = "METRIC", and [boosts] with "PRODUCT" = a number from 0 to 1000'
        raise ConfigError(f"{path}: {error}; {says}.") from error
