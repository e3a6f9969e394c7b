"""The door in one go takes what its steps take, with the same values, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterclick.events.at_once import built_at_once
from counterclick.events.door import STEPS, Context, Refused, admit_all, admit_made, admit_one, build
from counterclick.events.schema import KINDS
from counterclick.events.vocabulary import DecisionMade, Event, Exposure, ShownItem
from sent_events import MONEY, TIME, WHEN, bad_or, objects

_FORM = STEPS[: STEPS.index(build) + 1]
WELL_FORMED: dict[str, Any] = {"occurred_at": TIME, "visitor_id": "v1", "product_id": "p1", "order_id": "o1"}


def context() -> Context:
    return Context(received_at=datetime(2026, 3, 2, tzinfo=UTC), source="test", currency="EUR", key="k")


def step_by_step(raw: Any, steps: Any) -> Event | None:
    event, told = raw, context()
    try:
        for step in steps:
            event = step(event, told)
    except Refused:
        return None
    assert isinstance(event, Event)
    return event


def agree(raw: Any) -> None:
    """Hold the one to the other: the same values, in the same types, and the same bytes in the inbox."""
    found = built_at_once(raw)
    if found is not None:
        wanted = step_by_step(raw, _FORM)
        assert (found, repr(found)) == (wanted, repr(wanted))
    taken, wanted = admit_one(raw, context()), step_by_step(raw, STEPS)
    if wanted is None:
        assert not isinstance(taken, Event)
    else:
        assert isinstance(taken, Event)
        assert msgspec.json.encode(taken) == msgspec.json.encode(wanted)


WELL = st.sampled_from(
    [
        {"kind": "page_view", "occurred_at": TIME, "visitor_id": "v1", "page": "/"},
        {"kind": "page_view", "occurred_at": "2026-02-28T09:30:00.125Z", "visitor_id": "v2", "device": "mobile"},
        {"kind": "page_view", "occurred_at": TIME, "visitor_id": "v1"},
        {
            "kind": "add_to_cart",
            "occurred_at": TIME,
            "visitor_id": "v1",
            "product_id": "p",
            "quantity": 1,
            "unit_price": 9.5,
        },
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(WELL | WELL | WELL | objects(), max_size=8),
    st.sampled_from([*WELL_FORMED, "device", "page", "kind"]),
    st.data(),
)
def test_together_they_are_taken_as_alone(raws: list[dict[str, Any]], name: str, data: st.DataObject) -> None:
    """Many at once give what each gives alone: the same events, or the same refusals, whatever stands beside them."""
    sent: list[Any] = json.loads(json.dumps(raws))
    if sent and data.draw(st.booleans()):
        sent[0] = {**sent[0], name: data.draw(bad_or(WHEN | MONEY))}
    if data.draw(st.integers(0, 9)) == 0:
        sent.append(data.draw(st.sampled_from([None, 5, "x", [], {}])))
    (together, lines), one_by_one = admit_all(sent, context()), context()
    assert together == [admit_one(raw, one_by_one) for raw in sent]
    assert [*map(repr, together)] == [repr(admit_one(raw, one)) for one in [context()] for raw in sent]
    assert lines in (None, msgspec.json.Encoder().encode_lines(together))


def test_events_with_which_nothing_is_to_be_done_come_with_their_lines() -> None:
    """Their JSON is made once; where an event is refused, changed, or has no key of its own, it is not offered."""
    plain = {"kind": "page_view", "event_id": "e1", "occurred_at": TIME, "visitor_id": "v1"}
    (event,), lines = admit_all([plain], context())
    assert lines == msgspec.json.encode(event) + b"\n"
    for odd in (
        {**plain, "visitor_id": "ann@example.com"},
        {name: value for name, value in plain.items() if name != "event_id"},
        {**plain, "occurred_at": "2126-01-05T10:00:00Z"},
        {**plain, "kind": "add_to_cart", "product_id": "p1", "quantity": -1, "unit_price": 9.5},
    ):
        assert admit_all([plain, odd], context())[1] is None


@settings(max_examples=300, deadline=None)
@given(objects())
def test_it_agrees_with_the_steps(raw: dict[str, Any]) -> None:
    """Whatever is sent, valid and broken: what it takes is what the steps take, and what the door says is what they say."""
    agree(json.loads(json.dumps(raw)))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*WELL_FORMED, "device", "page", "consent", "value", "unit_price", "quantity", "lines"]), st.data())
def test_one_odd_field_is_left_to_the_steps(name: str, data: st.DataObject) -> None:
    """A good event with one field as people send it: it is taken as the steps take it, or by them."""
    value = data.draw(bad_or(WHEN | MONEY))
    line = {"product_id": "p1", "quantity": 2, "unit_price": 5, name: value}
    for sent in (
        {"kind": "page_view", "occurred_at": TIME, "visitor_id": "v1", name: value},
        {**WELL_FORMED, "kind": "add_to_cart", "quantity": 1, "unit_price": 9.5, name: value},
        {"kind": "purchase", "occurred_at": TIME, "order_id": "o1", "value": 9.5, "lines": [line], name: value},
        {"kind": "purchase", "occurred_at": TIME, "order_id": "o1", "lines": [line, line]},
    ):
        agree(sent)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_as_it_should_be_needs_no_steps(kind: str) -> None:
    """An event of each kind with the fields that it must have, in JSON's own types, is taken in one go."""
    required = {
        "view_item_list": {"surface": "s", "items": [{"product_id": "p1", "position": 1}]},
        "select_item": {"surface": "s"},
        "add_to_cart": {"quantity": 1, "unit_price": 9.5},
        "remove_from_cart": {"quantity": 1, "unit_price": 9.5},
        "purchase": {"value": 9.5, "lines": [{"product_id": "p1", "quantity": 1, "unit_price": 9.5}]},
        "assistant_answer": {"surface": "s", "matched_products": ["p1"], "escalated": True},
        "message_sent": {"surface": "s"},
        "message_opened": {"surface": "s"},
        "message_clicked": {"surface": "s"},
        "exposure": {"experiment": "e", "variant": "a", "propensity": 0.5},
        "decision": {"surface": "s", "policy": "p", "items": [{"product_id": "p1", "position": 1}]},
        "experiment_declared": {"experiment": "e", "config_hash": "h", "details": "{}"},
        "look_taken": {"experiment": "e", "config_hash": "h", "details": "{}"},
        "claim": {"claimant": "c", "amount": 5},
        "identify": {"customer_id": "c1"},
        "reassigned": {"other_visitor_id": "v2"},
    }
    sent = {"kind": kind, **WELL_FORMED, **required.get(kind, {})}
    names = msgspec.structs.fields(next(one for one in Event.__subclasses__() if one.__struct_config__.tag == kind))
    known = {field.name for field in names}
    own = {name: value for name, value in sent.items() if name == "kind" or name in known}
    assert built_at_once(own) is not None
    agree(own)


_WORDS = st.sampled_from(
    ["v1", "", "a@b.example", "x" * 201, "+49 170 1234567 ", "a?b", "10.11.12.13", "\u00e9", "line\nbreak"]
)
_SHARES = st.sampled_from([0.5, 1.0, 0.0, 2.0, float("nan")])


@settings(max_examples=300, deadline=None)
@given(_WORDS, _WORDS, _WORDS, _SHARES, st.sampled_from([TIME, "2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]))
def test_events_of_our_own_pass_as_they_would_if_they_were_sent(
    who: str, product: str, device: str, share: float, at: str
) -> None:
    """What passes as it was made is what the steps make of it; whatever they would change or refuse does not pass."""
    when = datetime.fromisoformat(at)
    own: list[Event] = [
        Exposure(occurred_at=when, event_id="x1", visitor_id=who, experiment="e", variant="a", propensity=share),
        DecisionMade(
            occurred_at=when,
            event_id="d1",
            visitor_id=who,
            surface="s",
            policy="p",
            device=device,
            items=(ShownItem(product_id=product, position=1),),
            details="{}",
        ),
    ]
    steps = [step_by_step(msgspec.json.decode(msgspec.json.encode(each)), STEPS) for each in own]
    wanted = msgspec.json.Encoder().encode_lines(own)
    passes = None not in steps and msgspec.json.Encoder().encode_lines(steps) == wanted
    found = admit_made(own, context())
    assert found in (None, wanted)
    assert found is None or passes
    assert (
        found is not None
        or not passes
        or any(sign in f"{who}{product}{device}" for sign in "@+?#")
        or "10.11" in who + product + device
    )
