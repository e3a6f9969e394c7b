"""Typed values are read safely from many threads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from counterclick.shapes import from_json, from_msgpack, from_objects, json_reader, msgpack_reader

_SOURCE = Path(__file__).resolve().parents[1] / "src" / "counterclick"
_RACE = """
import sys, threading
import msgspec
from counterclick.shapes import from_json

sys.setswitchinterval(1e-6)
for n in range(200):
    fields = {f"g{i}": int | None for i in range(20)}
    inner = msgspec.defstruct("Inner", [(name, kind, None) for name, kind in fields.items()])
    outer = msgspec.defstruct("Outer", [("a", inner | None, None), ("b", int, 0)])
    barrier = threading.Barrier(8)
    def read():
        barrier.wait()
        from_json(b'{"b": 1}', outer)
    threads = [threading.Thread(target=read) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
"""


class Leaf(msgspec.Struct):
    """Something small."""

    n: int = 0


class Branch(msgspec.Struct):
    """Something with something in it."""

    leaves: tuple[Leaf, ...] = ()


def test_all_ways_read_the_same() -> None:
    """JSON, MessagePack, objects, and readers of one type give equal values; what does not fit is told."""
    plain = {"leaves": [{"n": 1}, {"n": 2}]}
    json, packed, wanted = msgspec.json.encode(plain), msgspec.msgpack.encode(plain), Branch((Leaf(1), Leaf(2)))
    assert from_json(json, Branch) == json_reader(Branch)(json) == wanted
    assert from_msgpack(packed, Branch) == msgpack_reader(Branch)(packed) == from_objects(plain, Branch) == wanted
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        from_json(b'{"leaves": [{"n": "one"}]}', Branch)


def test_threads_that_meet_a_type_at_the_same_moment() -> None:
    """Eight threads read a type that none has read before, again and again; the process goes on."""
    found = subprocess.run([sys.executable, "-c", _RACE], capture_output=True, text=True, check=False, timeout=300)
    assert (found.returncode, found.stderr) == (0, "")


def test_typed_values_are_read_in_one_place() -> None:
    """Nobody else in the project lets msgspec read a type."""
    found = [
        f"{path.relative_to(_SOURCE)}:{call.lineno}"
        for path in sorted(_SOURCE.rglob("*.py"))
        if path.name != "shapes.py"
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _reads(call)
    ]
    assert found == []


def _reads(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    typed = name in {"msgspec.json.decode", "msgspec.msgpack.decode"} and any(each.arg == "type" for each in call.keywords)
    return typed or name.endswith(("json.Decoder", "msgpack.Decoder")) or name == "msgspec.convert"
