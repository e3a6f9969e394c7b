"""What Shopify asks about people is done, in time, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from builders import identify, purchase, view
from counterclick.connectors.shopify import Compliance
from counterclick.shop import Shop
from counterclick.shop.housekeeping import Housekeeping
from counterclick.shop.recording import record_bodies
from left_over import left_of

ANNA = "207119551"
MAIL = "anna.exemplar@example.com"
FORGET = Compliance("forget_customer", "s", (ANNA,), ("450789469",), contacts=(MAIL, "+49 30 123456"), request_id="7")
SHOW = Compliance("show_customer", "s", (ANNA,))


def filled(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop that knows Anna by Shopify's number and by her address, and Bert."""
    shop = make_shop("")
    events = [
        identify("visitor-anna-phone", ANNA),
        purchase(None, 30, order="450789469", customer_id=ANNA),
        view("visitor-bert-phone"),
    ]
    record_bodies(shop.store, shop.config, events, source="shopify")
    shop.record([identify("visitor-anna-mail", MAIL), view("visitor-anna-mail"), view("visitor-carl")])
    return shop


def test_a_customer_is_shown_to_the_owner_and_then_forgotten(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """By number and by address; the file of what is kept, and the ids in the requests, go with the rest."""
    shop = filled(make_shop)
    shop.rights.requests.remember(SHOW)
    (shown,) = shop.rights.act().requests
    assert shown.did is not None
    assert "wrote 2 events" in shown.did
    assert left_of(tmp_path / ".counterclick" / "exports", "450789469")
    shop.rights.requests.remember(SHOW)
    shop.rights.requests.remember(FORGET)
    assert left_of(tmp_path, MAIL, "49 30") == []
    done = shop.rights.act().requests
    assert [one.did for one in done][1] == "erased 4 events"
    assert left_of(tmp_path, ANNA, "450789469", "visitor-anna", MAIL) == []
    assert shop.rights.act().requests == ()
    assert "erased 4 events" in str(shop.rights.requests.all())


def test_a_request_that_comes_again_is_one_and_once_it_is_done_finds_nothing(make_shop: Callable[[str], Shop]) -> None:
    """Shopify delivers again until it has an answer, and sometimes later."""
    shop = filled(make_shop)
    for _ in range(2):
        shop.rights.requests.remember(FORGET)
    assert len(shop.rights.act().requests) == 1
    shop.rights.requests.remember(FORGET)
    assert [one.did for one in shop.rights.act().requests] == ["erased 0 events"]


def test_a_shop_that_took_the_app_off_is_forgotten_by_word_or_after_twenty_days(
    make_shop: Callable[[str], Shop], tmp_path: Path
) -> None:
    """Everything that Shopify told goes; what others told stays."""
    shop = filled(make_shop)
    shop.rights.requests.remember(Compliance("forget_shop", "s"))
    assert shop.rights.act().requests == ()
    house = Housekeeping(shop.store, shop.config, shop.rights.requests)
    assert house.work(datetime.now(UTC) + timedelta(days=19)) == []
    assert house.work(datetime.now(UTC) + timedelta(days=21)) == [
        "request 1 (forget_shop): erased 3 events that Shopify told"
    ]
    shop.refresh()
    assert shop.reading.one("SELECT count(*) FROM events WHERE kind <> 'erasure'") == 3
    assert left_of(tmp_path, "450789469", "visitor-bert") == []
    assert shop.check().erased[0].why == "shopify"


def test_requests_whose_time_is_over_are_told(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """The check names them, and an older file without the later columns is read."""
    shop = filled(make_shop)
    old = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    with sqlite3.connect(tmp_path / ".counterclick" / "shopify.sqlite") as connection:
        connection.execute("CREATE TABLE requests (asked_at TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (body))")
        connection.execute(
            "INSERT INTO requests VALUES (?, ?)", (old, '{"asked": "forget_customer", "customer_ids": ["1"]}')
        )
    connection.close()
    (finding,) = [found for found in shop.check().findings if found.name == "overdue_requests"]
    assert finding.n == 1
    assert "overdue" in str(shop.rights.requests.all())
    shop.rights.act()
    assert "overdue_requests" not in {found.name for found in shop.check().findings}
