"""A text that is taken from an earlier reading is the one that would be compiled now."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import duckdb
import ibis
import pytest
from ibis import _
from ibis.expr.types import Table

from counterclick.shop import texts
from counterclick.shop.dialect import backend_on
from counterclick.shop.texts import Texts

EVENTS = ibis.table({"kind": "string", "visitor_id": "string", "occurred_at": "timestamp('UTC')"}, name="events")
TELLS = """
import json
import ibis
from counterclick.shop.texts import Texts
from ibis import _
table = ibis.table({"a": "string", "b": "int64", "c": "int64", "d": "string"}, name="t")
asked = table.filter(table.a.isin(["x", "y", "z"])).mutate(e=_.b + _.c).drop("b", "c", "d")
found = Texts("")
found.text(asked.op(), lambda: "SELECT 1")
print(json.dumps(list(found.all())))
"""


def taken(known: Texts, table: Table) -> str:
    """Return the text of an expression, which says that it was compiled if it was."""
    return known.text(table.op(), lambda: "compiled")


def later(first: Texts, compiler: str) -> Texts:
    """Return texts of a reading that takes what another has stored."""
    found = Texts(compiler)
    found.take(first.all())
    return found


def test_an_expression_is_compiled_once() -> None:
    """The second reading takes what the first compiled, and so does the first when it is asked again."""
    first = Texts("one")
    assert first.text(EVENTS.op(), lambda: "SELECT 1") == "SELECT 1"
    assert taken(first, EVENTS) == "SELECT 1"
    assert taken(later(first, "one"), EVENTS) == "SELECT 1"


@pytest.mark.parametrize(
    "other",
    [
        EVENTS.filter(_.kind == "page_view"),
        EVENTS.filter(_.kind != "purchase"),
        EVENTS.filter(_.visitor_id == "purchase"),
        EVENTS.filter(_.kind == "purchase").select("kind"),
        EVENTS.filter(_.occurred_at < ibis.literal("2026-01-01").cast("timestamp('UTC')")),
        ibis.table({**EVENTS.schema(), "n": "int64"}, name="events").filter(_.kind == "purchase"),
        ibis.table(EVENTS.schema(), name="others").filter(_.kind == "purchase"),
    ],
)
def test_another_expression_has_another_text(other: Table) -> None:
    """A value, an operator, a column, a type or a table that differs makes another text."""
    first = Texts("one")
    first.text(EVENTS.filter(_.kind == "purchase").op(), lambda: "SELECT 1")
    assert taken(later(first, "one"), other) == "compiled"


def test_another_compiler_has_other_texts() -> None:
    """What another version of the dialect compiled is not taken."""
    first = Texts("one")
    first.text(EVENTS.op(), lambda: "SELECT 1")
    assert taken(later(first, "two"), EVENTS) == "compiled"


def test_every_process_writes_an_expression_alike() -> None:
    """Sets, which Python orders by chance, are written in order: the digest is the same in every process."""
    found = {
        subprocess.run(
            [sys.executable, "-c", TELLS],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "1234"
    }
    assert len(found) == 1
    assert len(json.loads(found.pop())) == 1


def test_only_texts_used_of_late_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three texts where two are kept, the one that was asked for first goes; asked for again, it stays."""
    monkeypatch.setattr(texts, "_MOST", 2)
    tables = [EVENTS.filter(_.kind == kind) for kind in "abc"]
    first = Texts("one")
    for table in tables:
        first.text(table.op(), lambda: "SELECT 1")
    second = later(first, "one")
    assert [taken(second, table) for table in tables] == ["compiled", "SELECT 1", "SELECT 1"]
    again = Texts("one")
    for table in [*tables, tables[0]]:
        again.text(table.op(), lambda: "SELECT 1")
    assert [taken(later(again, "one"), table) for table in tables] == ["SELECT 1", "compiled", "SELECT 1"]


def test_names_drawn_at_random_are_numbered() -> None:
    """Ibis names what it unnests at random; the text does not, so that it is the same in every process."""
    backends = [backend_on(duckdb.connect())[0] for _time in range(2)]
    table = ibis.table({"lines": "array<struct<a: int64>>"}, name="t")
    one, two = (backend.compile(table.unnest("lines")) for backend in backends)
    assert one == two


def test_connections_do_not_matter() -> None:
    """The text of a table is the same on every connection."""
    first, known = backend_on(duckdb.connect())
    second, others = backend_on(duckdb.connect())
    for backend in (first, second):
        backend.con.execute("CREATE TABLE t (a INTEGER)")
    first.compile(first.table("t").filter(_.a > 1))
    others.take(known.all())
    assert others.text(second.table("t").filter(_.a > 1).op(), lambda: "compiled") != "compiled"
