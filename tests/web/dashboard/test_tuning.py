"""The page of proposals: what verdicts decided first, then what is open, as the files of the store say now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import Browser

from builders import purchase
from counterclick.shop import open_shop
from counterclick.shop.proposals import proposal, remembered
from dashboards import entered, examined, opened, picture, rows_of, with_password
from served import Served, served
from tuned_shop import TOML

TRIED = """
[experiments.tune-best]
surface = "cart"
control = "bundles"
treatment = "bundles@best"
variants = { bundles = 0.5, "bundles@best" = 0.5 }
settings = { "bundles@best" = { "boosts.q6" = 5.0 } }
starts_on = 2026-03-30
ends_on = 2026-04-26
"""
HOSTILE = "<script>alert(1)</script> sells where chance shows it"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with a proposal on trial, one that was withdrawn, and one that nobody has tried."""
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "shop.toml").write_text(TOML + TRIED, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([purchase("v1", 5)])
        shop.tune_propose("best", {"boosts.q6": 5.0}, why=HOSTILE, by="ada")
        shop.tune_propose("few", {"bundles.shrink": 5}, why="rare things first", by="ada")
        shop.tune_propose("bold", {"bundles.joint": 7}, why="fewer pairs", by="grace")
        lost = msgspec.structs.replace(
            proposal(shop.store.folder, "bold"),
            ended="withdrawn",
            ended_at=datetime.now(UTC),
            because="lost: it earned less",
        )
        remembered(shop.store.folder, lost)
    with served(folder, TOML + TRIED) as found:
        yield with_password(found)


def test_its_lines_are_those_of_the_verb(browser: Browser, tuned: Served) -> None:
    """What ended stands first with its verdict, what is open with where it stands; one that is added is there at once."""
    with open_shop(tuned.toml) as shop:
        told = {each.name: (state, each.says) for each, state in shop.tune_proposals().proposals}
    ended = rows_of(tuned, "/tuning", "applied-and-withdrawn")
    still = rows_of(tuned, "/tuning", "proposed-evaluated-on-trial")
    assert {row["proposal"]: (row["stands"], row["changes"]) for row in (*ended, *still)} == told
    assert [(row["proposal"], row["verdict"]) for row in ended] == [("bold", "lost: it earned less")]
    assert {row["proposal"]: row["stands"] for row in still} == {"best": "on trial", "few": "proposed"}
    with open_shop(tuned.toml) as shop:
        shop.tune_propose("later", {"bundles.shrink": 6}, why="rarer things first", by="ada")
    assert "later" in {row["proposal"] for row in rows_of(tuned, "/tuning", "proposed-evaluated-on-trial")}
    with entered(browser, tuned, width=390) as context:
        page = opened(context, "/tuning")
        text = page.locator("main").inner_text()
        assert "Of 4 proposals: 1 withdrawn, 1 on trial, 2 not tried yet." in text
        assert text.index("What verdicts decided") < text.index("What is open")
        assert HOSTILE in text
        assert page.get_by_role("link", name="best").get_attribute("href") == "/experiments/tune-best"
        picture(page, "tuning-390")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
