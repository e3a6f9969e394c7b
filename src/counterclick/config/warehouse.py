"""``[facts.NAME]``: which table of a warehouse is which fact, column by column."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from counterclick.config.engine import is_warehouse
from counterclick.errors import ConfigError

__all__ = ["FactConfig", "check_facts", "sources_of"]


class FactConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[facts.NAME]``, or ``[[facts.NAME]]`` where several tables make up the fact.

    Attributes:
        columns: column of the fact -> column of the table, or SQL of the engine over its columns.
        table: its name, with that of its schema where it has one, such as ``analytics.orders``.
        query: instead of ``table``: a SELECT of the engine, whose rows they are.
        where: only rows for which this SQL condition holds.
        timezone: of times that have none; UTC unless given.
        currency: of all amounts, where no column says it; ISO 4217.
        unit: what 1 stands for in its amounts: 0.01 where these are cents.
    """

    columns: dict[str, str]
    table: str | None = None
    query: str | None = None
    where: str | None = None
    timezone: str | None = None
    currency: str | None = None
    unit: float = 1.0


def sources_of(facts: Mapping[str, FactConfig | tuple[FactConfig, ...]]) -> dict[str, tuple[FactConfig, ...]]:
    """Return fact -> the tables that make it up."""
    return {name: declared if isinstance(declared, tuple) else (declared,) for name, declared in facts.items()}


def check_facts(facts: Mapping[str, FactConfig | tuple[FactConfig, ...]], url: str | None, name: str) -> None:
    """Refuse a mapping that no engine could follow.

    Args:
        facts: what was read.
        url: of the engine.
        name: of the file, for messages.

    Raises:
        ConfigError: a table is missing or named twice, a unit, currency or time zone is none, or no engine has the tables.
    """
    if facts and not is_warehouse(url):
        raise ConfigError(
            f"{name}: [facts.{next(iter(facts))}] names a table of a warehouse, and url of [engine] is {url!r}; write "
            "where it is, such as 'postgres://reader@db.example:5432/shop'."
        )
    if is_warehouse(url) and not facts:
        raise ConfigError(
            f"{name}: url of [engine] is a warehouse, and nothing says which of its tables are which fact; write "
            "[facts.orders] and more (docs/warehouse.md), or see `counterclick facts mappings`."
        )
    for fact, sources in sources_of(facts).items():
        where = f"{name}: [facts.{fact}]"
        if not sources:
            raise ConfigError(f"{where} is empty; name its table and columns, or leave it out.")
        for one in sources:
            if (one.table is None) == (one.query is None):
                raise ConfigError(f"{where} needs either table = 'SCHEMA.TABLE' or query = 'SELECT ...', and not both.")
            if not one.columns:
                raise ConfigError(f"{where} maps no columns; `counterclick facts contract` lists those that it has.")
            if not (0 < one.unit < math.inf):
                raise ConfigError(
                    f"{where}: unit must be above 0: 1 for amounts in money, 0.01 for cents; it is {one.unit}."
                )
            if one.currency is not None and not re.fullmatch("[A-Z]{3}", one.currency):
                raise ConfigError(f"{where}: currency {one.currency!r} is no ISO 4217 code such as 'EUR'.")
            _check_zone(one.timezone, where)


def _check_zone(timezone: str | None, where: str) -> None:
    if timezone is None:
        return
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as 'Europe'
        raise ConfigError(
            f"{where}: timezone {timezone!r} is not known; write an IANA name such as 'Europe/Berlin'."
        ) from error
