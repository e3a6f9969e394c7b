"""Published clients of other people's, each in a process of its own, against a served shop."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from data_folder import ROOT
from served import SHARES, TESTED, Served, served

SCRIPTS = Path(__file__).parent / "clients"
INSTALLED = ROOT / ".clients"
N = 120

pytestmark = pytest.mark.skipif(not INSTALLED.exists(), reason="the clients are not installed: `make clients` does it")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with an experiment, served."""
    with served(tmp_path_factory.mktemp("clients"), TESTED) as found:
        yield found


def run(script: str, server: Served, n: int) -> str:
    """Run a client's script with the interpreter that it needs; return what it printed."""
    node = shutil.which("node")
    if script.endswith(".mjs"):
        if node is None:
            pytest.skip("there is no node on this machine")
        place = INSTALLED / script  # modules are looked for from the script's own folder upwards
        shutil.copyfile(SCRIPTS / script, place)
        words = [node, str(place)]
    else:
        words = [str(INSTALLED / "py" / "bin" / "python"), str(SCRIPTS / script)]
    found = subprocess.run(
        [*words, server.url, server.key, str(n)], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.mark.parametrize("script", ["segment_python.py", "rudder_python.py", "segment_node.mjs", "rudder_node.mjs"])
def test_clients_work_by_changing_their_host(server: Served, script: str) -> None:
    """Every order that they track is an order of the shop, worth what they say, its visitor known."""
    run(script, server, N)
    name = script.partition(".")[0].replace("_", "-")
    with open_shop(server.toml) as shop:
        mine = shop.orders.filter(shop.orders.order_id.startswith(f"{name}-"))
        rows = mine.select("order_id", "revenue", "visitor_id").to_pyarrow().to_pylist()
    assert sorted(row["order_id"] for row in rows) == sorted(f"{name}-{nth}" for nth in range(N))
    assert {(float(row["revenue"]), row["visitor_id"]) for row in rows} == {(10.5, "v1")}


def test_the_javascript_provider_sees_every_arm(server: Served) -> None:
    """The arms that Python computes; each evaluation is one exposure."""
    before = server.n_events("exposure")
    arms = json.loads(run("ofrep_node.mjs", server, 20))
    assert arms == {who: [assign("cart-bundles", who, SHARES)] * 2 + ["SPLIT"] for who in (f"node-{n}" for n in range(20))}
    assert server.n_events("exposure") == before + 20
