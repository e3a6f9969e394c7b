"""Objects as people send them: events, and what is broken about them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from counterclick.events.schema import FIELDS_OF, KINDS, SCHEMA

__all__ = ["MONEY", "TIME", "WHEN", "bad_or", "objects"]

TIME = "2026-03-01T09:30:00Z"


def bad_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, sometimes what people send instead."""
    odd = st.sampled_from(
        [
            *[None, "", " ", "x", "null", True, False, 0, 1, -1, 3, 2.5, 3.0, -4.0, 1e-7, 1e16, 1e300, 2**31, 2**63],
            *["true", "FALSE", "1", "0", "yes", "3", "3.0", "3.", ".5", "+3", "-2", "1e3", "1.00005", "1e400", "nan"],
            *["1_000", " 7", "12,5", "1" * 25, 2**64, -(2**63) - 1, 10**30, "x" * 201, "x" * 2001, "EUR\n", "\u0663"],
            *[[], {}, [None], [[]], [{}], ["a", None], ["a", ""], ["a", 5], ["a", 5.5], [True], {"a": None}],
            *["[]", '[{"product_id":"p"}]', "[1", [{"product_id": None}], [{"product_id": "p", "foo": None}]],
            *["anna@example.org", "A%40Example.org", "order of anna@example.org", "call +49 30 123456-78"],
            *["/shop?mail=a@b.de#top", "onsite", "return", "2026-03-01", 'é\u0000\t"\\', 1772357400, 1e11],
            *["99999999999.9999", "10.0.0.1"],
        ]
    )
    return st.one_of(values, values, values, odd)


WORDS = st.sampled_from(["a", "p1", "v1", "shop"])
MONEY = st.one_of(
    st.sampled_from([0, 5, 19.9, "19.90", "0.00005", "7.99995", 0.1 + 0.2, -1, "-0.00001", 1e11]),
    st.decimals(-5, 10**6, allow_nan=False, places=6).map(str),
    st.floats(-10, 1e9, allow_nan=False),
)
COUNT = st.sampled_from([1, 2, 3, "4", 5.0, 0, -1])
WHEN = st.one_of(
    st.sampled_from([TIME, TIME, TIME, TIME, "2026-03-02T00:10:00Z", "2026-03-02T00:10:01Z", "1989-12-31T00:00:00Z"])
    | st.sampled_from(["2026-03-01 09:30:00+02:00", "2026-03-01T09:30:00.123456789+0530", "2026-03-01T09:30:00-01"])
    | st.sampled_from(["2026-03-01T09:30:00", "2026-03-01T09:30Z", "2026-03-01T09:30:00z", "2026-02-30T00:00:00Z"])
    | st.sampled_from(["2026-03-01T24:00:00Z", "2026-03-01T09:30:60Z", "0999-01-01T00:00:00Z", "3000-01-01T00:00:00Z"])
    | st.sampled_from(["2026-03-01T09:30:00+15:00", " 2026-03-01T09:30:00Z", "2026-03-01T09:30:00.9999999Z", "now"])
)
BELONGING: dict[str, st.SearchStrategy[Any]] = {
    "occurred_at": WHEN,
    "propensity": st.sampled_from([0.5, 1, "0.25", 0, 1.5, "1e-3"]),
    "position": COUNT,
    "quantity": COUNT,
    **dict.fromkeys(("unit_price", "unit_cost", "value", "tax", "shipping", "discount", "amount"), MONEY),
    "currency": st.sampled_from(["EUR", "USD", "eur", "EURO"]),
    "channel": st.sampled_from(["onsite", "email", "shop"]),
    "refund_kind": st.sampled_from(["return", "cancellation", "gift"]),
    "escalated": st.booleans(),
    "could_not_answer": st.booleans(),
    "consent": st.booleans(),
    "matched_products": st.lists(bad_or(WORDS), max_size=3),
}
LISTS = {
    "items": {"product_id": WORDS, "position": COUNT},
    "lines": {
        "product_id": WORDS,
        "quantity": COUNT,
        "unit_price": MONEY,
        "unit_cost": MONEY,
        "line_id": WORDS,
        "surface": WORDS,
        "decision_id": WORDS,
    },
}
ALWAYS = ("product_id", "quantity", "unit_price")


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a JSON object: often an event, often one that is broken."""
    kind = draw(st.sampled_from(KINDS))
    sent: dict[str, Any] = {"kind": kind}
    for name in FIELDS_OF[kind]:
        if not draw(st.integers(0, 9)):
            continue
        if name in LISTS:
            inner = st.fixed_dictionaries(
                {k: bad_or(v) for k, v in LISTS[name].items() if k in ALWAYS},
                optional={k: bad_or(v) for k, v in LISTS[name].items() if k not in ALWAYS},
            )
            mend = st.just([{"product_id": "p1", "quantity": 2, "unit_price": 5}] if name == "lines" else [])
            sent[name] = draw(mend | mend | bad_or(st.lists(inner, max_size=2)))
        elif draw(st.booleans()):
            sent[name] = draw(BELONGING.get(name, WORDS))
        elif draw(st.integers(0, 4)) == 0:
            sent[name] = draw(bad_or(BELONGING.get(name, WORDS)))
    if draw(st.integers(0, 7)) == 0:
        extra = st.sampled_from([*SCHEMA.names, "foo", "é.'\"", "Kind"])
        sent[draw(extra)] = draw(bad_or(WORDS))
    return sent
