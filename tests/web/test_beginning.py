"""A server begins without what judging and drawing load: who sends events waits for none of it."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys

import pytest

from counterclick.lazily import loading
from counterclick.web.dashboard.places import PLACES

HEAVY = ("altair", "ibis", "pandas", "scipy", "sklearn", "sqlglot")
JUDGES = "counterclick.shop.front"
FIRST_PAGE = "counterclick.web.dashboard.pages.home"
_MODULES = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"


def loaded(room: str) -> set[str]:
    """Return the packages that a fresh process has once it has loaded a room."""
    return {module.partition(".")[0] for module in modules(room)}


def modules(room: str) -> set[str]:
    """Return its modules."""
    return {
        *subprocess.run([sys.executable, "-c", _MODULES, room], capture_output=True, text=True, check=True).stdout.split()
    }


@pytest.mark.parametrize("room", ["counterclick.web.server", "counterclick.web.receiver", "counterclick.web.backstage"])
def test_a_process_loads_what_it_needs_first(room: str) -> None:
    """No statistics, no tables, no plots."""
    found = loaded(room)
    assert "msgspec" in found
    assert not set(HEAVY) & found


@pytest.mark.parametrize("room", ["receiver", "backstage", "reckoning"])
def test_a_process_beside_the_server_loads_nothing_that_speaks_http(room: str) -> None:
    """Only the one that answers does."""
    assert not {"litestar", "granian"} & loaded(f"counterclick.web.{room}")


def test_a_page_loads_no_statistics_until_it_is_asked() -> None:
    """Pages are shown by a process that judges nothing."""
    assert not {"altair", "pandas", "scipy", "sklearn"} & loaded("counterclick.web.dashboard.serving")
    assert not {"altair", "pandas", "scipy", "sklearn"} & loaded(FIRST_PAGE)


def test_verbs_load_what_they_need_when_they_are_asked() -> None:
    """What fits, draws and optimises is not there before."""
    found, needless = modules(JUDGES), {"scipy.optimize", "scipy.integrate", "counterclick.shop.replenishing"}
    assert "counterclick.experiments.experiment" in found
    assert not needless & found


def test_every_place_leads_to_its_page() -> None:
    """What the navigation says is what the page says."""
    assert len({place.path for place in PLACES}) == len(PLACES)
    for place in PLACES:
        assert place.page().place is place


def test_modules_are_loaded_without_the_garbage_collector() -> None:
    """It goes on as it was."""
    assert gc.isenabled()
    with loading():
        assert not gc.isenabled()
        with loading():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with loading():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_failure_to_load_turns_it_on_again() -> None:
    """Whatever is raised."""
    with pytest.raises(ModuleNotFoundError), loading():
        importlib.import_module("counterclick.nothing")
    assert gc.isenabled()
