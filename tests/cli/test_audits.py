"""The command `drift`, as a shell and a scheduler see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from counterclick.display import WIDTH
from drifting_shop import CHAT, CLICKBAIT, record_shop
from shell import Shell


@pytest.fixture(scope="module")
def alarming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a click bait."""
    return record_shop(tmp_path_factory.mktemp("alarming"), CLICKBAIT)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a chat that does nothing."""
    return record_shop(tmp_path_factory.mktemp("calm"), CHAT, visitors=3_000)


def test_a_watch_exits_with_one_where_an_alarm_stands(shell: Shell, alarming: Path, calm: Path) -> None:
    """With the flag 1 or 0; without it 0, whatever was found."""
    text = shell("drift", "--watch", "--shop", str(alarming), code=1)
    assert "Proxy drift: 1 alarm" in text
    assert max(len(row) for row in text.splitlines()) <= WIDTH
    shell("drift", "--shop", str(alarming))
    assert "no alarm stands" in shell("drift", "--watch", "--shop", str(calm))


def test_a_scheduler_gets_the_same_exit_code(alarming: Path) -> None:
    """Another process, as cron would start it."""
    words = [sys.executable, "-m", "counterclick", "drift", "--watch", "--json", "--shop", str(alarming)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert [alarm["surface"] for alarm in json.loads(done.stdout)["alarms"]] == ["nudges"]


def test_it_is_drawn_beside_being_said(shell: Shell, alarming: Path, tmp_path: Path) -> None:
    """A plot and JSON in one go; the exit code is the watch's."""
    plot = tmp_path / "drift.svg"
    said = shell.json("drift", "--watch", "--plot", str(plot), "--shop", str(alarming), code=1)
    assert said["experiments"][0]["status"] == "alarm"
    assert "nudges: alarm" in plot.read_text(encoding="utf-8")


def test_a_plot_of_an_unknown_kind_is_refused_before_any_work(shell: Shell, tmp_path: Path) -> None:
    """There is not even a shop in this folder, and what is said is what is wrong with the plot."""
    words = ("drift", "--plot", "drift.pdf", "--shop", str(tmp_path / "none.toml"))
    assert "written as .svg or .png, not as .pdf" in shell(*words, code=2)


def test_what_cannot_be_answered_exits_with_two(shell: Shell, tmp_path: Path) -> None:
    """A watch of an empty shop is no all-clear."""
    toml = tmp_path / "shop.toml"
    toml.write_text("[surfaces.cart]\n", encoding="utf-8")
    assert "nothing is recorded yet" in shell("drift", "--watch", "--shop", str(toml), code=2)
