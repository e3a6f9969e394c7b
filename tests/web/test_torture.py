"""A few rounds of what `make torture` does at length: killed and disturbed, a server loses and doubles nothing."""

from __future__ import annotations

from pathlib import Path

from torture import kills
from torture_disturbances import disk_full


def test_killed_where_it_hurts_it_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """At random, between the two commits of a drain, and while the log is compacted, with a reader that never fails."""
    places = ["at random", "between the two commits of a drain", "while the log is compacted"]
    found = kills(tmp_path, places)
    assert found.faults == []
    assert found.rounds == len(places)
    assert found.n_events > 0
    assert found.n_polls > 0


def test_a_full_disk_is_told_and_forgiven(tmp_path: Path) -> None:
    """What cannot be kept is answered with 503; when there is room again, events are taken without a restart."""
    found = disk_full(tmp_path)
    assert found.faults == []
    assert "503" in found.did
