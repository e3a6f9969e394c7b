"""A person is forgotten: every trace of it, no trace of anyone else, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import MONDAY, event, exposure, identify, later, line, message, purchase, refund, view
from counterclick.errors import InputError, StoreError
from counterclick.shop import Shop, open_shop
from counterclick.shop.person import Person
from counterclick.store.erasing import PENDING, STEPS
from left_over import left_of

ANNA = Person(customers=("customer-anna",))
MAIL = "anna.exemplar@example.com"
HERS = [
    view("visitor-anna-phone"),
    exposure("visitor-anna-phone", "nothing"),
    identify("visitor-anna-phone", "customer-anna", later(MONDAY, minutes=5)),
    purchase("visitor-anna-phone", 30, later(MONDAY, minutes=6), order="order-of-anna", lines=[line(price=30)]),
    message("sent", at=later(MONDAY, hours=1), customer_id="customer-anna", message_id="message-to-anna"),
    message(
        "opened", "visitor-anna-mail", later(MONDAY, hours=2), customer_id="customer-anna", message_id="message-to-anna"
    ),
    refund("order-of-anna", later(MONDAY, days=2), amount=5),
]
OTHERS = [
    view("visitor-bert-phone"),
    purchase("visitor-bert-phone", 20, later(MONDAY, minutes=7), order="order-of-bert", customer_id="customer-bert"),
]
TRACES = ("anna-phone", "anna-mail", "customer-anna", "order-of-anna", "message-to-anna")


def told(shop: Shop, columns: str = "event_id") -> list[Any]:
    """What a new reading sees, records of erasures left out."""
    shop.refresh()
    found = shop.reading.rows(f"SELECT {columns} FROM events WHERE kind <> 'erasure' ORDER BY event_id")
    return [row[0] if len(row) == 1 else row for row in found]


def ids(*events: dict[str, Any]) -> list[str]:
    return sorted(each["event_id"] for each in events)


@pytest.mark.parametrize("drained", [0, 1, 2])
def test_nothing_of_a_person_is_left_and_everything_of_the_others(
    make_shop: Callable[[str], Shop], tmp_path: Path, drained: int
) -> None:
    """Whether the events lie in the log or wait in the inbox: no file names the person, and the others' are as they were."""
    shop = make_shop("")
    for number, events in enumerate((HERS[:4] + OTHERS[:1], HERS[4:] + OTHERS[1:])):
        shop.record(events)
        if drained > number:
            shop.store.drain()
    before = told(shop, "event_id, visitor_id, customer_id, order_id, value")
    found = shop.rights.forget(ANNA)
    assert found.events == {
        "exposure": 1, "identify": 1, "message_opened": 1, "message_sent": 1, "page_view": 1, "purchase": 1, "refund": 1
    }  # fmt: skip
    assert (found.n_visitors, found.n_orders, found.others) == (2, 1, ())
    assert found.searched is not None
    assert (found.searched.found, found.searched.n_arrived) == ((), 0)
    assert left_of(tmp_path, *TRACES) == []
    assert told(shop, "event_id, visitor_id, customer_id, order_id, value") == [
        row for row in before if row[0] in ids(*OTHERS)
    ]
    assert shop.metric("revenue_per_visitor").values[0].numerator == 20
    assert "found" in str(found)


def test_what_would_be_erased_is_said_first(shop: Shop, tmp_path: Path) -> None:
    """A dry run counts the same events and changes nothing."""
    shop.record([*HERS, *OTHERS])
    found = shop.rights.forget(ANNA, dry_run=True)
    assert (sum(found.events.values()), found.is_done, found.searched) == (7, False, None)
    assert told(shop) == ids(*HERS, *OTHERS)
    assert not (tmp_path / ".counterclick" / PENDING).exists()
    assert "nothing was changed" in str(found)


def test_a_customer_known_by_an_address_is_found_by_it(shop: Shop, tmp_path: Path) -> None:
    """The log keeps a keyed hash; asked by the address in any case of letters, address and hash are gone."""
    shop.record([view("visitor-anna-phone"), identify("visitor-anna-phone", MAIL), *OTHERS])
    (kept,) = {row for row in told(shop, "customer_id") if row and row.startswith("e_")}
    assert left_of(tmp_path, kept)
    assert shop.rights.forget(Person(customers=(MAIL.upper(),))).events == {"identify": 1, "page_view": 1}
    assert left_of(tmp_path, kept, MAIL, "visitor-anna-phone") == []


def test_of_a_shared_device_everyone_keeps_what_was_theirs_by_time(shop: Shop) -> None:
    """Before Bert is named and while he is known it is his; from when Anna is named on it is hers."""
    his = [
        view("tablet-of-both", later(MONDAY, hours=1)),
        identify("tablet-of-both", "customer-bert", later(MONDAY, hours=2)),
        view("tablet-of-both", later(MONDAY, hours=3)),
        purchase("tablet-of-both", 9, later(MONDAY, hours=8), order="order-of-bert", customer_id="customer-bert"),
    ]
    hers = [
        identify("tablet-of-both", "customer-anna", later(MONDAY, hours=4)),
        purchase("tablet-of-both", 7, later(MONDAY, hours=5), order="order-of-anna"),
        refund("order-of-anna", later(MONDAY, hours=9)),
    ]
    shop.record([*his, *hers])
    found = shop.rights.forget(ANNA)
    assert told(shop) == ids(*his)
    assert (found.n_visitors, found.others) == (0, ("customer-bert",))
    assert "customer-bert" in str(found)


@pytest.mark.parametrize("asked", [ANNA, Person(visitors=("visitor-anna-between",))])
def test_a_browser_that_had_lost_its_visitor_is_the_same_person(shop: Shop, tmp_path: Path, asked: Person) -> None:
    """The visitor that was given in between goes with the first one, whichever of them is named, and so does the link."""
    lost = [
        view("visitor-anna-between"),
        event(
            "reassigned", visitor_id="visitor-anna-phone", other_visitor_id="visitor-anna-between", at=later(MONDAY, days=1)
        ),
    ]
    shop.record([*HERS, *lost, *OTHERS])
    found = shop.rights.forget(asked)
    assert (found.events["reassigned"], found.events["page_view"]) == (1, 2)
    assert left_of(tmp_path, "visitor-anna-phone", "visitor-anna-between") == []
    assert {*ids(*OTHERS)} <= {*told(shop)}


def test_a_visitor_is_forgotten_with_its_orders_and_the_customer_is_named(shop: Shop, tmp_path: Path) -> None:
    """What its customer did elsewhere stays, and the report says how to erase it."""
    shop.record([*HERS, *OTHERS])
    found = shop.rights.forget(Person(visitors=("visitor-anna-phone",)))
    assert found.events == {"exposure": 1, "identify": 1, "page_view": 1, "purchase": 1, "refund": 1}
    assert found.known_as == ("customer-anna",)
    assert left_of(tmp_path, "visitor-anna-phone", "order-of-anna") == []
    assert told(shop) == ids(*HERS[4:6], *OTHERS)


def test_a_late_repeat_does_not_bring_a_person_back_but_a_new_visit_does(shop: Shop, tmp_path: Path) -> None:
    """Erased events sent again, from file or inbox, and new events about an erased order are dropped; others are taken."""
    shop.record([*HERS, *OTHERS])
    shop.rights.forget(ANNA)
    shop.record([*HERS, refund("order-of-anna", later(MONDAY, days=9), amount=1)])
    assert told(shop) == ids(*OTHERS)
    shop.store.drain()
    assert told(shop) == ids(*OTHERS)
    file = tmp_path / "again.csv"
    rows = "".join(
        f"{each['event_id']},page_view,{each['occurred_at']},visitor-anna-phone\n" for each in (HERS[0], OTHERS[0])
    )
    file.write_text("event_id,kind,occurred_at,visitor_id\n" + rows, encoding="utf-8")
    recorded = shop.record(file)
    assert (recorded.n_events, recorded.n_repeated) == (0, 2)
    file.unlink()
    again = view("visitor-anna-phone", later(MONDAY, days=10))
    shop.record([again])
    assert told(shop) == ids(*OTHERS, again)


def test_refused_events_that_name_the_person_go_too(shop: Shop, tmp_path: Path) -> None:
    """Those of others stay."""
    shop.record([*HERS, *OTHERS, purchase("visitor-anna-phone", -1), purchase("visitor-bert-phone", -1)])
    assert shop.rights.forget(ANNA).events["rejection"] == 1
    assert left_of(tmp_path, *TRACES) == []
    assert told(shop, "kind").count("rejection") == 1


def test_ids_of_any_letters_are_erased(shop: Shop, tmp_path: Path) -> None:
    """Quotes, spaces and letters of other alphabets in an id are only text."""
    odd = 'O\'Brien "the" 2nd; -- ü ✓'
    events = [view("v1", event_id=f"{odd} view"), identify("v1", odd), purchase("v1", 5, order=f"{odd} order")]
    shop.record([{**each, "event_id": f"{odd} {number}"} for number, each in enumerate(events)])
    shop.record(OTHERS)
    assert shop.rights.forget(Person(customers=(odd,))).events == {"identify": 1, "page_view": 1, "purchase": 1}
    assert left_of(tmp_path, odd, "Brien") == []
    assert told(shop) == ids(*OTHERS)


def test_short_ids_that_others_have_too_are_looked_for_where_they_would_stand(shop: Shop) -> None:
    """Customer 17 is not order 17: the order of another stays, and the proof holds."""
    shop.record([view("1"), identify("1", "17"), purchase("2", 5, order="17", customer_id="18"), view("2")])
    found = shop.rights.forget(Person(customers=("17",)))
    assert (found.events, found.searched is not None) == ({"identify": 1, "page_view": 1}, True)
    assert len(told(shop)) == 2


def test_asked_again_nothing_is_left_to_erase(shop: Shop) -> None:
    """The second erasure says so, and nobody must be named for nothing."""
    shop.record([*HERS, *OTHERS])
    shop.rights.forget(ANNA)
    assert "Nothing is kept" in str(shop.rights.forget(ANNA))
    with pytest.raises(InputError, match="name whom it is about"):
        shop.rights.forget(Person())


def test_the_check_says_why_totals_went_down(shop: Shop) -> None:
    """How many events of which kinds, on which day; not whose."""
    shop.record([*HERS, *OTHERS])
    shop.rights.forget(ANNA)
    (erased,) = shop.check().erased
    assert (erased.why, erased.n, erased.events["purchase"]) == ("person", 1, 1)
    assert "Erased" in str(shop.check())
    assert "anna" not in str(shop.check())


def test_what_is_found_afterwards_fails_the_erasure_until_it_is_gone(shop: Shop, tmp_path: Path) -> None:
    """A file that somebody laid into the store's folder is named; once it is deleted, the erasure can be finished."""
    shop.record([*HERS, *OTHERS])
    stray = tmp_path / ".counterclick" / "notes.txt"
    stray.write_text("asked about customer-anna today", encoding="utf-8")
    with pytest.raises(StoreError, match=r"notes\.txt"):
        shop.rights.forget(ANNA)
    assert "unfinished_erasure" in {found.name for found in shop.check().findings}
    stray.unlink()
    assert shop.rights.forget(ANNA).searched is not None
    assert "unfinished_erasure" not in {found.name for found in shop.check().findings}


@pytest.mark.parametrize("step", range(len(STEPS)), ids=[step.__name__ for step in STEPS])
def test_killed_after_any_step_the_next_erasure_finishes_it(
    make_shop: Callable[[str], Shop], tmp_path: Path, step: int
) -> None:
    """Events of the same visitor that came into the log in between are new, and stay."""
    shop = make_shop("")
    shop.record([*HERS, *OTHERS])
    code = """
import os, sys
from pathlib import Path
from counterclick.shop import open_shop
from counterclick.shop.person import Person
from counterclick.store import erasing
last = erasing.STEPS[int(sys.argv[2])]
def dying(work):
    last(work)
    os._exit(9)
erasing.STEPS = tuple(dying if each is last else each for each in erasing.STEPS)
open_shop(Path(sys.argv[1])).rights.forget(Person(customers=("customer-anna",)))
"""
    words = [sys.executable, "-c", code, str(tmp_path / "shop.toml"), str(step)]
    assert subprocess.run(words, check=False, timeout=120).returncode == 9
    again = view("visitor-anna-phone", later(MONDAY, days=10))
    shop.record([again])
    shop.store.drain()
    shop.rights.forget(Person(customers=("nobody-at-all",)))
    assert left_of(tmp_path, *TRACES[1:]) == []
    assert told(shop) == ids(*OTHERS, again)
    assert [(each.n, each.events.get("purchase")) for each in shop.check().erased] == [(2, 1)]


def test_who_reads_meanwhile_reads_anew(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """A reading whose files are gone is begun again, and what it had worked out is not written down."""
    with make_shop("") as first:
        first.record([*HERS, *OTHERS])
    reader = Shop(first.config, tmp_path, keep_after=0)
    assert reader.latest_orders().n_all == 2
    with open_shop(tmp_path / "shop.toml") as other:
        other.rights.forget(ANNA)
    assert reader.check().events["purchase"] == 1
    overtaken = reader.reading
    assert overtaken.facts.orders.count().to_pyarrow().as_py() == 1
    with open_shop(tmp_path / "shop.toml") as other:
        other.rights.forget(Person(customers=("customer-bert",)))
    reader.close()
    assert left_of(tmp_path, *TRACES, "bert") == []


def test_facts_that_were_kept_are_erased(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """The file of facts names visitors; it is deleted with them, and made anew without them."""
    shop = make_shop("")
    shop.record([*HERS, *OTHERS])
    shop.store.drain()
    for _ in range(2):
        with Shop(shop.config, tmp_path, keep_after=0) as reader:
            reader.metric("revenue_per_visitor")
        assert list((tmp_path / ".counterclick" / "facts").glob("facts-*"))
        shop.rights.forget(ANNA)
        assert left_of(tmp_path, *TRACES) == []


def test_counts_of_rows_that_are_no_events_outlive_the_commits_that_told_them(
    make_shop: Callable[[str], Shop], tmp_path: Path
) -> None:
    """What a mapping skipped is still said, and a file recorded before is still known."""
    shop = make_shop("""
        [tables.orders]
        file = "orders.csv"
        skip = [{ named = "tests", where = "total = '0'" }]
        [[tables.orders.events]]
        kind = "purchase"
        where = "total <> '0'"
        fields = { occurred_at = "placed || 'Z'", order_id = "number", customer_id = "who", value = "total" }
    """)
    file = tmp_path / "orders.csv"
    file.write_text(
        "placed,number,who,total\n2026-03-01T10:00:00,order-of-anna,customer-anna,5\n2026-03-01T10:00:00,n2,bert,6\n"
        "2026-03-01T10:00:00,n3,bert,0\n",
        encoding="utf-8",
    )
    assert shop.record(file).n_events == 2
    for _ in range(2):
        shop.rights.forget(ANNA)
        assert shop.check().skipped == {"tests": 1}
    assert shop.record(file).known


def test_a_log_behind_a_url_is_erased_and_searched_alike(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Delta's engine deletes there what it wrote there."""
    shop = make_shop(f'[shop]\nlog = "file://{tmp_path}/elsewhere/log"')
    shop.record([*HERS, *OTHERS])
    shop.store.drain()
    assert left_of(tmp_path / "elsewhere", *TRACES)
    found = shop.rights.forget(ANNA)
    assert left_of(tmp_path, *TRACES) == []
    assert found.searched is not None
    assert told(shop) == ids(*OTHERS)
