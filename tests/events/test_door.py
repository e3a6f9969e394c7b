"""The door for bodies: what is taken, and each reason for which something is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from counterclick.events.door import Context, admit
from counterclick.events.rejection import Reason
from counterclick.events.vocabulary import PageView, Purchase, Refund

TIME = "2026-03-01T09:30:00Z"
VIEW = {"kind": "page_view", "visitor_id": "v1", "occurred_at": TIME}
ORDER = {"kind": "purchase", "order_id": "o1", "occurred_at": TIME, "value": 30}
REFUND = {"kind": "refund", "order_id": "o1", "occurred_at": TIME}


def context(source: str = "test") -> Context:
    return Context(received_at=datetime(2026, 3, 2, tzinfo=UTC), source=source, currency="EUR", key="k")


def test_a_purchase_is_read_exactly() -> None:
    """Numbers and texts become exact amounts, numbers become ids, and the shop's currency is filled in."""
    line = {"product_id": 7, "quantity": "2", "unit_price": 0.1, "unit_cost": "0.00005"}
    (event,), rejections = admit(json.dumps({**ORDER, "order_id": 17, "value": "30.10", "lines": [line]}), context())
    assert rejections == []
    assert isinstance(event, Purchase)
    assert (event.order_id, event.value, event.currency) == ("17", Decimal("30.10"), "EUR")
    assert (event.lines[0].product_id, event.lines[0].quantity) == ("7", 2)
    assert (event.lines[0].unit_price, event.lines[0].unit_cost) == (Decimal("0.1"), Decimal("0.0001"))
    assert event.occurred_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "reason", "says"),
    [
        ([], Reason.MALFORMED, "must be a JSON object"),
        ({"occurred_at": TIME}, Reason.UNKNOWN_KIND, "kind None is not in the vocabulary"),
        ({**VIEW, "kind": ["page_view"]}, Reason.UNKNOWN_KIND, "is not in the vocabulary"),
        ({**VIEW, "vistor": "v1"}, Reason.UNKNOWN_FIELD, "page_view has no field vistor"),
        ({**VIEW, "order_id": "o1"}, Reason.UNKNOWN_FIELD, "page_view has no field order_id"),
        ({**VIEW, "occurred_at": "2026-03-01T09:30:00"}, Reason.WRONG_TYPE, "its zone: 2026-03-02T09:30:00Z"),
        ({**VIEW, "occurred_at": 1772357400}, Reason.WRONG_TYPE, "occurred_at must be ISO 8601"),
        ({**ORDER, "value": "12,50"}, Reason.WRONG_TYPE, "value must be an amount"),
        ({**ORDER, "lines": {"product_id": "p"}}, Reason.WRONG_TYPE, "lines must be a list of objects"),
        ({"kind": "page_view", "occurred_at": TIME}, Reason.MISSING_FIELD, "page_view must have visitor_id"),
        ({**VIEW, "visitor_id": ""}, Reason.MISSING_FIELD, "page_view must have visitor_id"),
        ({**ORDER, "value": -1}, Reason.OUT_OF_RANGE, "value must be 0 or more"),
        ({**ORDER, "currency": "eur"}, Reason.OUT_OF_RANGE, "[A-Z]{3}"),
        ({**ORDER, "value": None}, Reason.INCONSISTENT, "must have lines or a value"),
        ({**VIEW, "occurred_at": "2026-03-02T00:10:01Z"}, Reason.IN_FUTURE, "ahead of our clock"),
        ({**VIEW, "occurred_at": "1970-01-01T00:00:00Z"}, Reason.TOO_OLD, "before 1990"),
    ],
)
def test_each_reason(sent: Any, reason: Reason, says: str) -> None:
    """What is wrong gives its reason, and a sentence that says what would be right."""
    events, (rejection,) = admit(json.dumps([sent]), context())
    assert events == []
    assert rejection.reason is reason
    assert says in rejection.details


def test_a_line_names_what_offered_it() -> None:
    """A bought line may name its surface and decision; a line that came back may not."""
    offered = {"product_id": "p1", "quantity": 1, "unit_price": 5, "surface": "drawer", "decision_id": "d1"}
    events, (rejection,) = admit(json.dumps([{**ORDER, "lines": [offered]}, {**REFUND, "lines": [offered]}]), context())
    (event,) = events
    assert isinstance(event, Purchase)
    assert (event.lines[0].surface, event.lines[0].decision_id) == ("drawer", "d1")
    assert (rejection.reason, rejection.details) == (Reason.UNKNOWN_FIELD, "refund has no field surface in lines")


def test_lines_arrays_and_single_objects() -> None:
    """A body is an object, an array, or one object a line; a broken line spoils no other."""
    view = json.dumps(VIEW)
    assert len(admit(view, context())[0]) == 1
    assert len(admit(f"[{view},{view}]", context())[0]) == 2
    events, rejections = admit(f"\ufeff{view}\r\n\n{{broken\n{view}", context())
    assert (len(events), [rejection.body for rejection in rejections]) == (2, ["{broken"])


def test_identity_is_content_and_occurrence() -> None:
    """Equal objects are different events; the same body gives the same ids again; own ids are kept."""
    body = json.dumps([VIEW, VIEW, {**VIEW, "event_id": "mine"}])
    ids = [event.event_id for event in admit(body, context())[0]]
    assert len(set(ids)) == 3
    assert ids[2] == "mine"
    assert [event.event_id for event in admit(body, context())[0]] == ids
    assert admit(body, context("other"))[0][0].event_id != ids[0]


def test_nothing_personal_passes() -> None:
    """Ids are hashed so that they join, free text and pages are scrubbed, and so is what was refused."""
    mail = "anna@example.org"
    sent = [
        {**VIEW, "visitor_id": mail, "customer_id": mail, "page": f"/p?m={mail}", "device": f"{mail}'s phone"},
        {"kind": "refund", "occurred_at": TIME, "order_id": f"order of {mail}", "reason": f"{mail} +49 30 1234567"},
        {**VIEW, "email": mail, "name": "Anna", "page": mail},
    ]
    (view, refund), (rejection,) = admit(json.dumps(sent), context())
    assert isinstance(view, PageView)
    assert isinstance(refund, Refund)
    assert view.visitor_id == view.customer_id
    assert str(view.visitor_id).startswith("e_")
    assert (view.page, view.device, refund.reason) == ("/p", "[email]'s phone", "[email] [phone]")
    for kept in (view, refund, rejection):
        assert "anna" not in repr(kept).lower()
