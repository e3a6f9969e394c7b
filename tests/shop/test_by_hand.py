"""The audit against an independent implementation: the hand-written SQL that `make bench` times it against."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from counterclick.shop import demo
from data_folder import ROOT


def test_an_audit_gives_the_figures_of_hand_written_sql(tmp_path: Path) -> None:
    """Orders, claims, credits by every way and window, lifts and standard errors, and proxies' lifts agree to 1e-9."""
    spec = importlib.util.spec_from_file_location("bench_figures", ROOT / "tools" / "bench_figures.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    demo(tmp_path, seed=5, visitors=20_000).close()
    ours, theirs = bench.audited(tmp_path), bench.by_hand(tmp_path)
    shared = sorted(set(ours) & set(theirs) - bench.EFFORT)
    assert len(shared) > 6 + 5 * 5 + 5 * 4 * 4 + 5 * 2
    assert [ours[name] for name in shared] == pytest.approx([theirs[name] for name in shared], rel=1e-9, abs=1e-9)
