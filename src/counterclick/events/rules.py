"""What must hold of an event beyond the types of its fields: one list, for both doors.

Each rule stands here once, as a Python predicate for single events and as the SQL condition that finds rows which
break it; a property test feeds both the same events. Lengths, patterns and enumerations are not repeated here: the
structs of the vocabulary declare them, and `declared` reads them off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from counterclick.events.rejection import Reason
from counterclick.events.vocabulary import EVENTS

__all__ = ["CLOCK_TOLERANCE", "EARLIEST", "RULES", "RULES_OF", "Rule", "declared"]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=10)
LARGEST = Decimal(10) ** 11
"""Amounts lie below this, so that a JSON number, too, carries them exactly to four decimals."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold.

    Attributes:
        reason: what a breach is called.
        says: the sentence for the one who sent the event.
        broken: whether an event breaks the rule.
        sql: the same as a DuckDB condition over the log's columns; null counts as kept.
    """

    reason: Reason
    says: str
    broken: Callable[[Any], bool]
    sql: str


def _each(event: Any, name: str) -> Iterator[Any]:
    """Yield the field of the event, and of each of its lines, where there is one."""
    own = getattr(event, name, None)
    if own is not None:
        yield own
    for line in getattr(event, "lines", ()):
        inner = getattr(line, name, None)
        if inner is not None:
            yield inner


def _worth(event: Any) -> Decimal:
    """Return what an event's units are worth: its own, and those of its lines."""
    own = (getattr(event, "quantity", None) or 0) * (getattr(event, "unit_price", None) or Decimal(0))
    lines = (line.quantity * (line.unit_price or Decimal(0)) for line in getattr(event, "lines", ()))
    return Decimal(own) + sum(lines, Decimal(0))


def _amount(name: str, *, in_lines: bool = False, above_zero: bool = False) -> Rule:
    low = "{0} <= 0" if above_zero else "{0} < 0"
    breach = f"({low} OR {{0}} >= {LARGEST})"
    sql = breach.format(name)
    if in_lines:
        sql = f"({sql} OR len(list_filter(lines, lambda l: {breach.format('l.' + name)})) > 0)"

    def broken(event: Any) -> bool:
        parts = (event, *getattr(event, "lines", ())) if in_lines else (event,)
        for part in parts:
            value = getattr(part, name, None)
            if value is not None and (value < 0 or (above_zero and value == 0) or value >= LARGEST):
                return True
        return False

    floor = "above 0" if above_zero else "0 or more"
    return Rule(Reason.OUT_OF_RANGE, f"{name} must be {floor} and below {LARGEST:,}", broken, sql)


RULES: tuple[Rule, ...] = (
    Rule(
        Reason.OUT_OF_RANGE,
        "quantity must be 1 or more; what comes back is a refund, not a negative quantity",
        lambda event: any(value < 1 for value in _each(event, "quantity")),
        "(quantity < 1 OR len(list_filter(lines, lambda l: l.quantity < 1)) > 0)",
    ),
    Rule(
        Reason.OUT_OF_RANGE,
        "stock must be 0 or more; what is oversold is 0",
        lambda event: (getattr(event, "stock", None) or 0) < 0,
        "(stock < 0)",
    ),
    _amount("unit_price", in_lines=True),
    _amount("unit_cost", in_lines=True),
    _amount("value"),
    _amount("tax"),
    _amount("shipping"),
    _amount("discount"),
    _amount("amount", above_zero=True),
    Rule(
        Reason.OUT_OF_RANGE,
        f"quantity times unit_price, added up over the lines, must be below {LARGEST:,}",
        lambda event: _worth(event) >= LARGEST,
        f"(coalesce(quantity::DOUBLE * unit_price::DOUBLE, 0) >= {LARGEST} OR coalesce(list_sum(list_transform(lines, "
        f"lambda l: l.quantity::DOUBLE * coalesce(l.unit_price, 0)::DOUBLE)), 0) >= {LARGEST})",
    ),
    Rule(
        Reason.OUT_OF_RANGE,
        "propensity must be above 0 and at most 1",
        lambda event: not 0 < (1 if getattr(event, "propensity", None) is None else event.propensity) <= 1,
        "NOT (propensity > 0 AND propensity <= 1)",
    ),
    Rule(
        Reason.OUT_OF_RANGE,
        "position must be counted from 1",
        lambda event: any(
            value is not None and value < 1
            for value in (
                getattr(event, "position", None),
                *(item.position for item in getattr(event, "items", ())),
            )
        ),
        '("position" < 1 OR len(list_filter(items, lambda i: i."position" < 1)) > 0)',
    ),
    Rule(
        Reason.INCONSISTENT,
        "a purchase must have lines or a value",
        lambda event: event.__struct_config__.tag == "purchase" and not event.lines and event.value is None,
        "(kind = 'purchase' AND coalesce(len(lines), 0) = 0 AND value IS NULL)",
    ),
    Rule(
        Reason.INCONSISTENT,
        "a purchase's discount must not exceed the sum of its lines",
        lambda event: (
            event.__struct_config__.tag == "purchase"
            and event.value is None
            and sum(line.quantity * line.unit_price for line in event.lines) < (event.discount or 0) - Decimal("1e-6")
        ),
        "(kind = 'purchase' AND value IS NULL AND "
        "list_sum(list_transform(lines, lambda l: l.quantity::DOUBLE * l.unit_price::DOUBLE)) "
        "< coalesce(discount, 0)::DOUBLE - 1e-6)",
    ),
    Rule(
        Reason.INCONSISTENT,
        "a refund is of the whole order (neither lines nor amount), of lines, or of an amount, never of both",
        lambda event: event.__struct_config__.tag == "refund" and bool(event.lines) and event.amount is not None,
        "(kind = 'refund' AND coalesce(len(lines), 0) > 0 AND amount IS NOT NULL)",
    ),
    Rule(
        Reason.INCONSISTENT,
        "a refund without an order_id must name its lines or an amount",
        lambda event: (
            event.__struct_config__.tag == "refund" and event.order_id is None and not event.lines and event.amount is None
        ),
        "(kind = 'refund' AND order_id IS NULL AND coalesce(len(lines), 0) = 0 AND amount IS NULL)",
    ),
    Rule(
        Reason.MISSING_FIELD,
        "a message must name its visitor_id or customer_id",
        lambda event: (
            str(event.__struct_config__.tag).startswith("message_")
            and event.visitor_id is None
            and event.customer_id is None
        ),
        "(kind LIKE 'message_%' AND visitor_id IS NULL AND customer_id IS NULL)",
    ),
    Rule(
        Reason.MISSING_FIELD,
        "an exposure must name its visitor_id; in an experiment on customers its customer_id",
        lambda event: event.__struct_config__.tag == "exposure" and event.visitor_id is None and event.customer_id is None,
        "(kind = 'exposure' AND visitor_id IS NULL AND customer_id IS NULL)",
    ),
    Rule(
        Reason.MISSING_FIELD,
        "a decision must name its visitor_id; of an e-mail its customer_id",
        lambda event: event.__struct_config__.tag == "decision" and event.visitor_id is None and event.customer_id is None,
        "(kind = 'decision' AND visitor_id IS NULL AND customer_id IS NULL)",
    ),
    Rule(
        Reason.INCONSISTENT,
        "a claim is of an order_id or of a period, one of the two; a period is 2026-03, 2026-03-02 or 2026-03-02/2026-03-08",
        lambda event: event.__struct_config__.tag == "claim" and (event.order_id is None) == (event.period_ends_at is None),
        "(kind = 'claim' AND (order_id IS NULL) = (period_ends_at IS NULL))",
    ),
    Rule(
        Reason.INCONSISTENT,
        "a claim's period must end after it begins",
        lambda event: (
            event.__struct_config__.tag == "claim"
            and event.period_ends_at is not None
            and event.period_ends_at <= event.occurred_at
        ),
        "(kind = 'claim' AND period_ends_at <= occurred_at)",
    ),
)


def _concerns(rule: Rule, kind: str, fields: Iterable[str]) -> bool:
    """Say whether events of a kind can break a rule: by the kinds and the columns that its condition names."""
    kinds = re.findall(r"kind (?:=|LIKE) '(\w+)%?'", rule.sql)
    if kinds and not any(kind.startswith(named) for named in kinds):
        return False
    return not {*re.findall(r"\w+", rule.sql)}.isdisjoint(fields)


RULES_OF: dict[str, tuple[Rule, ...]] = {
    kind: tuple(rule for rule in RULES if _concerns(rule, kind, fields))
    for kind, fields in ((str(one.__struct_config__.tag), one.__struct_fields__) for one in EVENTS)
}
"""kind -> the rules that its events can break."""


def declared() -> Iterator[tuple[str, str, str]]:
    """Yield, for each restricted text field of the vocabulary, its name, its SQL condition and its sentence.

    The condition finds rows that break the restriction; a null value keeps it.
    """
    seen: set[str] = set()
    for struct in EVENTS:
        for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]  # every struct has them
            if field.name in seen:
                continue
            seen.add(field.name)
            for part in getattr(field.type, "types", (field.type,)):
                yield from _restrictions(field.name, part)
                yield from _restrictions_inside(field.name, part)


def _restrictions_inside(name: str, part: msgspec.inspect.Type) -> Iterator[tuple[str, str, str]]:
    """The same for the elements of a list."""
    element = getattr(part, "item_type", None)
    if isinstance(element, msgspec.inspect.StructType):
        for inner in element.fields:
            for kind in getattr(inner.type, "types", (inner.type,)):
                for _, sql, says in _restrictions(inner.name, kind):
                    broken = sql.replace(f'"{inner.name}"', f'l."{inner.name}"')
                    yield name, f'len(list_filter("{name}", lambda l: {broken})) > 0', f"{says} in {name}"
    elif element is not None:
        for _, sql, says in _restrictions(name, element):
            broken = sql.replace(f'"{name}"', "l")
            yield name, f'len(list_filter("{name}", lambda l: {broken})) > 0', f"each of {says}"


def _restrictions(name: str, part: msgspec.inspect.Type) -> Iterator[tuple[str, str, str]]:
    if isinstance(part, msgspec.inspect.LiteralType):
        allowed = ", ".join(f"'{value}'" for value in part.values)
        yield name, f'"{name}" NOT IN ({allowed})', f"{name} must be one of {allowed}".replace("'", "")
    elif isinstance(part, msgspec.inspect.StrType) and part.pattern:
        yield (
            name,
            f"NOT regexp_full_match(\"{name}\", '{part.pattern}')",
            f"{name} must match {part.pattern}",
        )
    elif isinstance(part, msgspec.inspect.StrType) and part.max_length:
        low = part.min_length or 0
        yield (
            name,
            f'length("{name}") NOT BETWEEN {low} AND {part.max_length}',
            f"{name} must have {low} to {part.max_length} characters",
        )
