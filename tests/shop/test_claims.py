"""A file of outside tools' claims becomes claims."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builders import purchase
from counterclick.connectors.claims import claims_mapping
from counterclick.errors import EmptyStoreError, InputError
from counterclick.shop import Shop


def written(folder: Path, text: str, name: str = "claims.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def told(shop: Shop) -> list[tuple[object, ...]]:
    return shop.reading.rows(
        "SELECT claimant, order_id, amount::DOUBLE, strftime(occurred_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M'), "
        "strftime(period_ends_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M'), claim_window FROM events WHERE kind = 'claim' "
        "ORDER BY claimant, order_id, occurred_at, amount"
    )


def test_orders_and_periods_are_read_by_their_columns(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """A column besides, so that the mapping is named. Periods are the shop's days, the last one included."""
    shop = make_shop('[shop]\ntimezone = "Europe/Berlin"\n')
    text = (
        "source,order_id,period,amount,window,claimed_at,campaign\n"
        "mailer,o1,,30.50,5 days after an open,2026-03-05 12:00,spring\n"
        "ads,,2026-03,100,,,\nads,,2026-03-02/2026-03-08,70,,,\nads,,2026-03-02,10,,,\n"
    )
    recorded = shop.record(written(tmp_path, text), mapping="claims")
    assert (recorded.n_events, recorded.n_rejected) == (4, 0)
    assert told(shop) == [
        ("ads", None, 100.0, "2026-02-28T23:00", "2026-03-31T22:00", None),
        ("ads", None, 10.0, "2026-03-01T23:00", "2026-03-02T23:00", None),
        ("ads", None, 70.0, "2026-03-01T23:00", "2026-03-08T23:00", None),
        ("mailer", "o1", 30.5, "2026-03-05T11:00", None, "5 days after an open"),
    ]


def test_a_time_of_a_claim_is_read_with_its_zone_or_refused(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Noon two hours ahead of UTC is ten; a day written in another way is refused, not taken for now."""
    shop = make_shop('[shop]\ntimezone = "Europe/Berlin"\n')
    text = "source,order_id,amount,claimed_at\nads,o1,10,2026-03-05T12:00:00+02:00\nads,o2,10,05.03.2026\n"
    recorded = shop.record(written(tmp_path, text))
    assert recorded.rejected == {"missing_field": 1}
    assert [row[3] for row in told(shop)] == ["2026-03-05T10:00"]


def test_an_export_of_orders_is_no_file_of_claims(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """It has a source and an amount as well; unless it is said to hold claims, it is asked for its mapping."""
    shop = make_shop("")
    path = written(tmp_path, "order_id,created_at,source,amount\no1,2026-03-05,google,10\n", "orders.csv")
    with pytest.raises(InputError, match="add a mapping"):
        shop.record(path)


def test_a_repeated_row_is_kept_and_a_repeated_file_changes_nothing(
    make_shop: Callable[[str], Shop], tmp_path: Path
) -> None:
    """Two equal rows are two claims, of which the audit says that one was reported before."""
    shop = make_shop("")
    path = written(tmp_path, "source,order_id,amount\nmailer,o1,30\nmailer,o1,30\n")
    assert shop.record(path).n_events == 2
    assert shop.record(path).known
    assert len(told(shop)) == 2


def test_a_row_that_another_file_repeats_is_kept_and_listed(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Of three rows of the second file two were in the first, an order and a month: each is listed, and counts once."""
    shop = make_shop("")
    shop.record([purchase("v1", 40, "2026-03-05T10:00", order="o1")])
    shop.record(written(tmp_path, "source,order_id,period,amount\nmailer,o1,,30\nads,,2026-03,70\n", "march.csv"))
    again = "source,order_id,period,amount\nmailer,o2,,5\nmailer,o1,,30\nads,,2026-03,70\n"
    recorded = shop.record(written(tmp_path, again, "april.csv"))
    assert (recorded.n_events, recorded.n_repeated, recorded.n_reclaimed) == (3, 0, 2)
    assert "2 claims are on what their tool has claimed before" in str(recorded)
    ledger = shop.claims()
    before = [(each.claimant, each.order_id) for each in ledger.problems if each.problem == "reported before"]
    assert sorted(before, key=str) == [("ads", None), ("mailer", "o1")]
    assert ledger.claimed == 105


def test_a_claim_with_an_id_of_its_own_counts_once_however_often_it_comes(
    make_shop: Callable[[str], Shop], tmp_path: Path
) -> None:
    """An id is what a retry is known by: the log drops it, says so when it is recorded, and nothing is listed."""
    shop = make_shop("")
    event = (
        '{"kind": "claim", "event_id": "c1", "occurred_at": "2026-03-05T10:00:00Z", "claimant": "mailer", '
        '"order_id": "o1", "amount": 30}\n'
    )
    shop.record([purchase("v1", 40, "2026-03-05T10:00", order="o1")])
    shop.record(written(tmp_path, event, "one.jsonl"))
    recorded = shop.record(written(tmp_path, event * 2, "two.jsonl"))
    assert (recorded.n_events, recorded.n_repeated, recorded.n_reclaimed) == (0, 2, 0)
    assert (shop.claims().claimed, shop.claims().problems) == (30, ())


def test_rows_that_cannot_be_claims_are_refused_one_by_one(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """No order and no period, a period that is a word, a negative amount, text for an amount: four reasons, one claim."""
    shop = make_shop("")
    text = "source,order_id,period,amount\nads,o1,,10\nads,,,10\nads,,March,10\nads,o2,,-10\nads,o3,,ten\n"
    recorded = shop.record(written(tmp_path, text))
    assert recorded.n_events == 1
    assert recorded.rejected == {"inconsistent": 2, "out_of_range": 1, "wrong_type": 1}
    assert "a period is 2026-03" in str(shop.rejections().rows)


def test_a_file_that_is_said_to_hold_claims_and_does_not_says_what_is_missing(shop: Shop, tmp_path: Path) -> None:
    """Named by hand as claims, a file without amounts names the columns that claims have."""
    path = written(tmp_path, "source,order_id\nmailer,o1\n")
    with pytest.raises(
        InputError, match=r"has no column amount\. A file of claims has source, amount, and order_id or period"
    ):
        shop.record(path, mapping="claims")


def test_events_with_a_kind_are_no_claims() -> None:
    """A file in the vocabulary's own words may have the same columns."""
    assert claims_mapping(("kind", "source", "amount", "order_id"), "UTC") is None
    assert claims_mapping(("source", "amount"), "UTC") is None
    assert claims_mapping(("source", "amount", "period"), "UTC") is not None


def test_claims_alone_are_no_shop(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Two claims and no event of the shop: it is said that claims are there, and what is missing."""
    shop = make_shop("[shop]\n")
    shop.record(written(tmp_path, "source,order_id,amount\nmailer,o1,30\nmailer,o2,20\n"))
    with pytest.raises(EmptyStoreError, match=r"2 claims of tools are recorded, and no event of the shop yet\. Record"):
        shop.audit()
