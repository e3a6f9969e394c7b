"""A shop that nobody would make on purpose: names that are scripts, right-to-left, endless amounts, a thousand surfaces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext

from counterclick.shop import open_shop
from counterclick.web.dashboard.places import PLACES
from dashboards import entered, examined, opened, picture, signed_in, waited_for, with_password
from served import Served, served

SCRIPT = "<img src=x onerror=alert(1)></script><script>alert(1)</script>"
ARABIC = "عربة التسوق \u202eevil"
LISTED = [place.path for place in PLACES if place.is_listed]
OTHERS = (
    *("/experiments/broken", "/rows/shown", "/rows/visitors?experiment=broken", "/rows/events?kind=view_item_list"),
    *("/figures/revenue?by=surface", "/interventions/chat", f"/rows/shown?{urlencode({'product_id': SCRIPT})}"),
)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
TOML = (
    "".join(f"[surfaces.{json.dumps(name)}]\nmonthly_cost = 5\n" for name in (SCRIPT, "=cmd()", *map(str, range(1_000))))
    + f"""
[surfaces.{json.dumps(ARABIC, ensure_ascii=False)}]
[experiments.broken]
surface = {json.dumps(ARABIC, ensure_ascii=False)}
control = "nothing"
variants = {{ nothing = 0.5, bundles = 0.5 }}
starts_on = 2026-03-02
ends_on = 2026-04-26
"""
)


def events() -> Iterator[dict[str, object]]:
    """Yield five weeks in which nearly everybody is in one arm, with names that want to be something else."""
    for nth in range(400):
        at = (FIRST + timedelta(hours=2 * nth)).isoformat()
        who = f"v{nth}"
        arm = "nothing" if nth % 10 == 0 else "bundles"
        yield {"kind": "exposure", "visitor_id": who, "experiment": "broken", "variant": arm, "occurred_at": at}
        yield {
            "kind": "view_item_list",
            "visitor_id": who,
            "surface": SCRIPT,
            "items": [{"product_id": SCRIPT}],
            "occurred_at": at,
        }
        line = {"product_id": SCRIPT, "quantity": 1, "unit_price": "9" * 12 + ".99"}
        yield {"kind": "purchase", "visitor_id": who, "order_id": f"{ARABIC}{nth}", "lines": [line], "occurred_at": at}
        wrong = {**line, "unit_price": "9" * 40, "product_id": f"{SCRIPT}{nth}"}
        yield {"kind": "purchase", "visitor_id": who, "order_id": f"x{nth}", "lines": [wrong], "occurred_at": at}
        yield {"kind": SCRIPT, "visitor_id": who, "occurred_at": at}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """It, served."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record(events())
    with served(folder, TOML) as found:
        yield with_password(found)


@pytest.fixture(scope="module")
def inside(browser: Browser, hostile: Served) -> Iterator[BrowserContext]:
    """Somebody who looks at it with a phone."""
    with entered(browser, hostile, width=390) as found:
        told: list[str] = []
        found.on(
            "dialog", lambda each: (told.append(each.message), each.dismiss())
        )  # from the first moment of every page on
        yield found
        assert told == []


@pytest.mark.parametrize("path", [*LISTED, *OTHERS])
def test_names_are_texts_and_nothing_breaks(inside: BrowserContext, path: str) -> None:
    """No script of a name runs, nothing is wider than a phone, and axe finds no serious fault."""
    page = opened(inside, path)
    picture(page, f"hostile{re.sub('[^a-z]+', '-', path)}")
    assert page.locator("img, main script:not([type='application/json'])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert examined(page) == []
    page.close()


def test_a_name_is_no_formula_in_a_file(hostile: Served) -> None:
    """What begins like one is a text."""
    with signed_in(hostile) as client:
        file = waited_for(client, "/surfaces?as=csv&part=what-to-keep-what-to-switch-off").content.decode("utf-8-sig")
    assert "\n'=cmd()," in file
    assert "\n=cmd()" not in file
    assert file.count("\n") >= 1_004


def test_a_surface_of_any_name_can_be_asked_for(hostile: Served) -> None:
    """Its name is a text on its page; one that is none is told, as text."""
    with signed_in(hostile) as client:
        page = waited_for(client, "/surfaces").text
        assert SCRIPT not in page
        assert "\u202e" not in page
        one = waited_for(client, f"/surfaces?{urlencode({'surface': SCRIPT})}").text
        assert one.count("&lt;img src=x onerror=alert(1)&gt;") >= 2
        assert SCRIPT not in one
        told = waited_for(client, "/surfaces?surface=%3Cb%3Enobody").text
        assert "No surface is called &#39;&lt;b&gt;nobody&#39;" in told
