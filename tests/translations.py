"""What tests of translators share: any JSON, payloads with spoilt parts, and what the door makes of the result."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from counterclick.connectors.translated import Translated
from counterclick.events.door import Context, admit_one
from counterclick.events.rejection import Reason, Rejection
from counterclick.events.vocabulary import Event, Purchase

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ODD = st.sampled_from(
    [
        *[None, "", " ", "x", "é\u0000\t", True, False, 0, 1, -1, 2.5, 1e300, 2**31, 2**63, -(2**70), 10**400],
        *["12,50", "12.50", "-3", "1e99", "NaN", "2026-03-01", "2026-03-01T09:30:00Z", "9999-12-31T23:59:59Z"],
        *["1000-01-01T00:00:00+14:00", "anna@example.org", "x" * 300, "http://[", "0.00001", 99999999999.9999, 1e11],
        *[[], {}, [None], [[]], [{}], {"a": 1}, ["p1", 5, None], [{"product_id": None}], {"product_id": "p9"}],
    ]
)
ANY_JSON = st.recursive(
    ODD | st.text(max_size=8) | st.floats(allow_nan=True) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def _places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [path, *(place for key, value in inside for place in _places(value, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn, payload: Any) -> Any:
    """Draw the payload with some of its parts taken away, or with something else in their place."""
    sent = copy.deepcopy(payload)
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(_places(sent)))
        if not path:
            continue
        holder = sent
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = copy.deepcopy(draw(ODD | ANY_JSON))
        else:
            del holder[path[-1]]
    return sent


def taken(found: Translated) -> list[Event]:
    """Return the events of a translation, every one of which the door must admit, and nothing refused."""
    assert not found.refused, found.refused
    events = [_admitted(body) for body in found.bodies]
    assert not [one for one in events if isinstance(one, Rejection)], events
    return [one for one in events if isinstance(one, Event)]


def only(found: Translated) -> Any:
    """Return the one event that a payload became."""
    (event,) = taken(found)
    return event


def sound(found: Translated) -> None:
    """Whatever was sent: bodies are in our words, and something is said of every payload."""
    assert found.bodies or found.skipped or found.refused
    for body in found.bodies:
        event = _admitted(body)
        if isinstance(event, Rejection):
            assert event.reason not in (Reason.MALFORMED, Reason.UNKNOWN_KIND, Reason.UNKNOWN_FIELD), event
    for reason, sentence in found.refused:
        assert isinstance(reason, Reason)
        assert sentence
        assert "anna@example.org" not in sentence


def worth(order: Any) -> Decimal:
    """Return what an order is worth by the vocabulary's own definition."""
    assert isinstance(order, Purchase)
    if order.value is not None:
        return order.value
    return sum((line.quantity * line.unit_price for line in order.lines), Decimal(0)) - (order.discount or Decimal(0))


def _admitted(body: dict[str, Any]) -> Event | Rejection:
    return admit_one(body, Context(received_at=NOW, source="test", currency="EUR", key="k"))
