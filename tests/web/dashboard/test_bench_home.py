"""The benchmark of the home page, on a shop that is small enough to be made here."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from counterclick.shop import demo
from data_folder import ROOT


def test_it_asks_for_the_page_whose_figures_are_those_of_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh process shows them, and to somebody who asks again and again; whoever is signed in stays so."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    bench_home = importlib.import_module("bench_home")
    demo(tmp_path, visitors=2_000).close()
    wanted = bench_home.one_overview(tmp_path)["figures"]
    home = bench_home.Home(tmp_path)
    with home.served(forget=["answers", "facts"]):
        bench_home.compare(home.figures(), wanted, "on the page", "by the verb")
        with bench_home.Somebody(home) as somebody:
            home.shown()
    home.client.close()
    assert len(wanted) > 10
    assert somebody.waits
    assert len(somebody.answered_at) == 1
