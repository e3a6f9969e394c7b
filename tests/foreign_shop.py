"""A simulated shop in its log, and the same shop in PostgreSQL under a warehouse's own names, with the mapping back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from counterclick.facts.base import CONTRACT
from counterclick.facts.contract import Fact, Field
from counterclick.facts.mapped import base_tables
from counterclick.facts.rows import all_rows
from counterclick.shop import Shop, open_shop
from counterclick.shop.declaring import declaration
from counterclick.shop.demonstration import build
from counterclick.shop.recording import record_bodies
from counterclick.simulate import ShopTruth
from postgres_server import Server

_TYPES = {
    "text": "text",
    "integer": "integer",
    "number": "double precision",
    "money": "bigint",
    "boolean": "text",
    "time": "timestamptz",
}
_NAIVE = "cart_moves"
"""The fact whose times have no zone there."""
_ZONE = ZoneInfo("Asia/Tokyo")
_UNIT = 0.0001
VARIABLE = "COUNTERCLICK_TEST_PASSWORD"
"""That holds the password."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Both shops.

    Attributes:
        own: in its log.
        mapped: whose facts lie in PostgreSQL.
        url: of the database there, without the password.
    """

    own: Shop
    mapped: Shop
    url: str


def foreign_shop(folder: Path, server: Server, visitors: int, seed: int = 3) -> Foreign:
    """Simulate a shop, write its facts into PostgreSQL, and open both."""
    own = build(folder / "own", seed, visitors)
    tables = base_tables(own.reading.events)
    with connect(server) as connection:
        connection.execute("CREATE SCHEMA lager")
        sections = [_copied(connection, CONTRACT[name], all_rows(table)) for name, table in tables.items()]
    place = folder / "mapped"
    place.mkdir()
    toml = (folder / "own" / "shop.toml").read_text()
    engine = f'\n[engine]\nurl = "{server.url()}"\npassword_env = "{VARIABLE}"\n'
    (place / "shop.toml").write_text(toml + engine + "".join(sections))
    mapped = open_shop(place / "shop.toml")
    before = datetime.combine(ShopTruth().starts_on, time(12), UTC) - timedelta(days=7)
    told = [declaration(name, mapped.config, before) for name in mapped.config.experiments]
    record_bodies(mapped.store, mapped.config, told, source="shop.toml")
    return Foreign(own, mapped, server.url())


def connect(server: Server) -> psycopg.Connection[Any]:
    """Connect as the owner; what is done is kept at once."""
    return psycopg.connect(server.url(), password=server.password, autocommit=True)


def _copied(connection: psycopg.Connection[Any], fact: Fact, rows: Sequence[dict[str, Any]]) -> str:
    """Make a table of a fact, in words of its own, and return the section that maps it."""
    columns = ", ".join(f'"{_name(field)}" {_type(fact, field)}' for field in fact.fields)
    connection.execute(f'CREATE TABLE lager."T {fact.name}" ({columns})')
    with connection.cursor() as cursor, cursor.copy(f'COPY lager."T {fact.name}" FROM STDIN') as copy:
        for row in rows:
            copy.write_row([_value(fact, field, row[field.name]) for field in fact.fields])
    told = "".join(f"{field.name} = '''{_sql(field)}'''\n" for field in fact.fields)
    zone = 'timezone = "Asia/Tokyo"\n' if fact.name == _NAIVE else ""
    head = f"[facts.{fact.name}]\ntable = '''lager.\"T {fact.name}\"'''\nunit = {_UNIT}\n{zone}"
    return f"\n{head}[facts.{fact.name}.columns]\n{told}"


def _name(field: Field) -> str:
    return f"Feld {field.name}"


def _type(fact: Fact, field: Field) -> str:
    return "timestamp" if field.kind == "time" and fact.name == _NAIVE else _TYPES[field.kind]


def _value(fact: Fact, field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind == "money":
        return int(value * 10_000)
    if field.kind == "boolean":
        return "ja" if value else "nein"
    if field.kind == "time" and fact.name == _NAIVE:
        return value.astimezone(_ZONE).replace(tzinfo=None)
    return f"k-{value}" if field.name == "kind" else value


def _sql(field: Field) -> str:
    own = f'"{_name(field)}"'
    if field.kind == "boolean":
        return f"{own} = 'ja'"
    return f"substr({own}, 3)" if field.name == "kind" else own


def differing(own: Any, other: Any, at: str = "") -> list[str]:
    """Return where two plain values differ: numbers by more than 1e-9 of their size, all else at all."""
    if isinstance(own, dict) and isinstance(other, dict):
        return [one for key in {**own, **other} for one in differing(own.get(key), other.get(key), f"{at}.{key}")]
    if isinstance(own, list | tuple) and isinstance(other, list | tuple) and len(own) == len(other):
        pairs = enumerate(zip(own, other, strict=True))
        return [one for place, pair in pairs for one in differing(*pair, f"{at}[{place}]")]
    if isinstance(own, float) and isinstance(other, float):
        return [] if math.isclose(own, other, rel_tol=1e-9, abs_tol=1e-12) else [f"{at}: {own!r} and {other!r}"]
    return [] if own == other else [f"{at}: {own!r} and {other!r}"]
