"""What is public is documented, and the verbs are the same everywhere."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import counterclick
from counterclick.cli.app import app
from counterclick.cli.experiments import app as experiment_app
from counterclick.cli.onoff import app as onoff_app
from counterclick.cli.verifying import app as verify_app
from counterclick.experiments import Experiment
from counterclick.shop import Shop
from counterclick.shop.onoff import OnOff
from data_folder import ROOT

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(counterclick.__path__, "counterclick.")
    if not found.name.endswith("__main__")
)


def commands(of: object) -> set[str]:
    return {name for name in of if not name.startswith("-")}  # type: ignore[attr-defined]  # an App yields its commands


@pytest.mark.parametrize("name", ["counterclick", *MODULES])
def test_docstrings_run(name: str) -> None:
    """Every example in a docstring gives what it says."""
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert not failed


def test_the_root_exports_what_it_says() -> None:
    """Each public name of the root is there, and no module of the package has the name of an exported function."""
    for name in counterclick.__all__:
        assert getattr(counterclick, name) is not None
    rooms = {name.split(".")[1] for name in MODULES}
    functions = {name for name in counterclick.__all__ if inspect.isfunction(getattr(counterclick, name))}
    assert not rooms & functions
    with pytest.raises(AttributeError, match="it has: "):
        counterclick.nonsense  # noqa: B018 - the attribute is asked for


def test_every_verb_of_the_shop_is_a_command_and_is_documented() -> None:
    """Verbs of Shop, Experiment and OnOff, commands of the shell, and the page of commands name the same things."""
    assert {"record", "audit", "drift", "metric", "orders", "check", "decide", "readiness", "rows"} <= commands(app) & set(
        dir(Shop)
    )
    assert {"calibrate", "holdout"} <= (commands(app) | commands(experiment_app)) & set(dir(Shop))
    asked = {name.replace("-", "_") for name in commands(experiment_app) - {"holdout"}}
    assert asked == {"course", "plan", "plan_curve", "result", "slices", "verdict"} <= set(dir(Experiment))
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert commands(onoff_app) == {"calendar", "plan", "schedule", "verdict"} <= set(dir(OnOff))
    for name in commands(app):
        within = commands(app[name]) if app[name].default_command is None else {""}
        for full in (f"counterclick {name} {part}".rstrip() for part in within):
            assert f"`{full}`" in page
    for name in commands(verify_app):
        assert f"verify_{name}" in dir(Shop)


@pytest.mark.parametrize("name", ["counterclick", *MODULES])
def test_public_things_have_docstrings(name: str) -> None:
    """Every module, and every function and class it declares public, says what it is."""
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        thing = getattr(module, public)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert inspect.getdoc(thing), f"{name}.{public}"
