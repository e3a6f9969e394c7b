"""The contract of the facts, tested where they lie: one scan a fact, one more for its grain and for each reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.datatypes as dt
from ibis import _
from ibis.expr.types import BooleanValue, Column, Table

from counterclick.audits.contract import Breach, FactsCheck, FactState
from counterclick.display import count
from counterclick.facts.base import CONTRACT
from counterclick.facts.contract import Fact, Field, Reference
from counterclick.facts.rows import all_rows, one_row, row_count
from counterclick.shop.warehouse.mapping import MappedFact

__all__ = ["check_facts"]

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
_LONGEST = 200
_LARGEST = 1e13
"""Of amounts: larger ones have no place in 18 digits, 4 of them behind the point."""
_CODES = {
    "currency": ("^[A-Z]{3}$", "an ISO 4217 code such as 'EUR'"),
    "country": ("^[A-Z]{2}$", "an ISO 3166 code such as 'DE'"),
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Something that no row may be.

    Attributes:
        column: of the fact.
        what: kind of breach.
        broken: true for rows that are.
        says: what would be right.
    """

    column: str
    what: str
    broken: BooleanValue
    says: str


def check_facts(
    engine: str, facts: Mapping[str, MappedFact], currency: str, *, has_rates: bool, now: datetime | None = None
) -> FactsCheck:
    """Return what holds of the contract.

    Args:
        engine: its name.
        facts: name -> what is there.
        currency: the shop's.
        has_rates: whether ``shop.toml`` names rates for other currencies.
        now: the time, UTC; nothing may have happened later than a day after it.
    """
    moment = now or datetime.now(UTC)
    breaches: list[Breach] = []
    states = []
    sound: dict[str, Table] = {}
    for name, checked in facts.items():
        own = list(_types(checked))
        wrong = {column for one in own for column in one.column.split(", ")}
        table = checked.table.select(**{field.name: _sound(checked.table, field, wrong) for field in checked.fact.fields})
        sound[name] = table
        present = {column for _name, raw, _zone in checked.sources for column in raw.columns} - wrong
        own += _of_rows(checked, table, present, currency, has_rates=has_rates, now=moment)
        own += _grain(checked.fact, table, present)
        for reference in checked.fact.refers:
            if {reference.field} <= present and reference.fact in sound:
                own += _reference(checked.fact, table, reference, sound[reference.fact])
        breaches += own
        states.append(FactState(name, ", ".join(one for one, _raw, _zone in checked.sources), row_count(table), len(own)))
    breaches += _together(sound)
    missing = tuple(name for name in CONTRACT if name not in facts)
    return FactsCheck(engine, tuple(states), missing, tuple(breaches))


def _sound(table: Table, field: Field, wrong: set[str]) -> Column:
    """Return a column, or nulls where its type is wrong: a cast might fail."""
    return ibis.null(field.dtype) if field.name in wrong else table[field.name]


def _types(checked: MappedFact) -> Iterator[Breach]:
    for source, raw, zone in checked.sources:
        for name, kind in raw.schema().items():
            field = checked.fact.by_name[name]
            says = _mismatch(field, kind, zone)
            if not says and kind.is_floating():
                yield from _no_numbers(checked.fact, raw, name)
            if says:
                n = row_count(raw)
                yield Breach(
                    checked.fact.name, name, "type", n, _example(checked.fact, raw, {*raw.columns}), f"{source} has {says}"
                )


def _no_numbers(fact: Fact, raw: Table, name: str) -> Iterator[Breach]:
    """Yield floating-point values that no decimal or whole number is."""
    broken = raw.filter(raw[name].isnan() | raw[name].isinf() | (raw[name].abs() > _LARGEST))
    n = row_count(broken)
    if n:
        says = "It is not a number, or infinite; leave it null where nothing is known."
        yield Breach(fact.name, name, "range", n, _example(fact, broken, {*raw.columns}), says)


def _mismatch(field: Field, kind: dt.DataType, zone: str | None) -> str:
    """Return what is wrong with the type of a column; empty where nothing is."""
    if kind.is_null():
        return ""
    if field.kind == "text":
        fits = kind.is_string() or kind.is_integer() or kind.is_uuid()
        return "" if fits else f"{kind} there, where text or a whole number names something; cast it to text."
    if field.kind == "boolean":
        return "" if kind.is_boolean() else f'{kind} there; write a condition, such as "{field.name} = 1".'
    if field.kind == "time":
        if not kind.is_timestamp():
            return f"{kind} there, where a moment is needed; write SQL that makes a timestamp of it."
        return (
            ""
            if kind.timezone is not None or zone is not None
            else ('times without a time zone; write timezone = "UTC", or whichever they are in, into its mapping.')
        )
    return "" if kind.is_numeric() and not kind.is_boolean() else f"{kind} there, where a number is needed; cast it."


def _of_rows(
    checked: MappedFact, table: Table, present: set[str], currency: str, *, has_rates: bool, now: datetime
) -> Iterator[Breach]:
    """Yield what single rows do not keep: all rules in one scan, and an example where one is broken."""
    fact = checked.fact
    rules = [rule for field in fact.fields if field.name in present for rule in _rules(table, field, now)]
    rules += [*_currencies(table, present, currency, has_rates=has_rates), *_someone(fact, table)]
    if rules:
        found = one_row(table.agg(**{f"r{n}": rule.broken.cast("int64").sum() for n, rule in enumerate(rules)}))
        for number, rule in enumerate(rules):
            n = int(found[f"r{number}"] or 0)
            if n:
                broken = table.filter(rule.broken)
                yield Breach(fact.name, rule.column, rule.what, n, _example(fact, broken, present), rule.says)
    yield from _fractions(checked, present)


def _rules(table: Table, field: Field, now: datetime) -> Iterator[_Rule]:
    column = table[field.name]
    if field.required:
        yield _Rule(field.name, "null", column.isnull(), f"It is null, and every row has it: {_lower(field.says)}")
    if field.kind == "text":
        size = column.length()
        if not field.words:
            yield _Rule(
                field.name, "range", (size < 1) | (size > _LONGEST), f"It has 1 to {_LONGEST} characters, or is null."
            )
    if field.words:
        allowed = ", ".join(field.words)
        yield _Rule(field.name, "words", column.notin(list(field.words)), f"It may be: {allowed}. Map others with CASE.")
    if field.name in _CODES:
        pattern, right = _CODES[field.name]
        yield _Rule(field.name, "range", ~column.re_search(pattern), f"It is {right}.")
    if field.kind == "time":
        late = ibis.literal(now + _AHEAD)
        yield _Rule(field.name, "range", column < ibis.literal(_EARLIEST), "It lies before 1990: is it in other units?")
        yield _Rule(
            field.name, "range", column > late, "It lies in the future: is it in another time zone, or in other units?"
        )
    if field.least is not None:
        low = column <= field.least if field.above else column < field.least
        yield _Rule(field.name, "range", low, f"It is {'above' if field.above else 'at least'} {field.least:g}.")
    if field.most is not None:
        yield _Rule(field.name, "range", column > field.most, f"It is at most {field.most:g}.")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _currencies(table: Table, present: set[str], currency: str, *, has_rates: bool) -> Iterator[_Rule]:
    if "currency" in present and not has_rates:
        yield _Rule(
            "currency",
            "currency",
            table.currency.re_search(_CODES["currency"][0]) & (table.currency != currency),
            f"The shop's is {currency}, and nothing says how to convert others: name a CSV of rates in [shop] rates.",
        )


def _someone(fact: Fact, table: Table) -> Iterator[_Rule]:
    if fact.someone:
        says = "Neither visitor nor customer is named: nobody can be credited with it."
        yield _Rule("visitor_id, customer_id", "someone", table.visitor_id.isnull() & table.customer_id.isnull(), says)


def _fractions(checked: MappedFact, present: set[str]) -> Iterator[Breach]:
    """Yield whole numbers that have fractions: a cast would round them silently."""
    for _name, raw, _zone in checked.sources:
        for field in checked.fact.fields:
            if field.kind != "integer" or field.name not in present or field.name not in raw.columns:
                continue
            if raw[field.name].type().is_integer():
                continue
            value = raw[field.name].cast("float64")
            broken = raw.filter(value != value.floor())
            n = row_count(broken)
            if n:
                says = "It is a whole number."
                yield Breach(checked.fact.name, field.name, "range", n, _example(checked.fact, broken, {*raw.columns}), says)


def _grain(fact: Fact, table: Table, present: set[str]) -> Iterator[Breach]:
    """Yield the rows whose key another row has too."""
    if not fact.key or not {*fact.key} <= present:
        return
    known = table.filter(ibis.and_(*(table[name].notnull() for name in fact.key)))
    several = known.group_by(*fact.key).agg(_n=_.count()).filter(_["_n"] > 1)
    found = one_row(several.agg(keys=several.count(), n=several["_n"].sum()))
    if found["keys"]:
        n = int(found["n"]) - int(found["keys"])
        what = _lower(fact.says).partition(":")[0].rstrip(".")
        says = f"{count(found['keys'])} keys stand in more than one row, and a row is {what}. Take one of each."
        yield Breach(fact.name, ", ".join(fact.key), "grain", n, _example(fact, several, {*fact.key}), says)


def _reference(fact: Fact, table: Table, reference: Reference, other: Table) -> Iterator[Breach]:
    there = other.filter(other[reference.key].notnull()).select(_there=reference.key).distinct()
    named = table.filter(table[reference.field].notnull())
    lost = named.anti_join(there, named[reference.field] == there["_there"])
    n = row_count(lost)
    if n:
        says = (
            f"{reference.fact} has no such {reference.key}: they belong to nothing. Load both tables up to the same moment."
        )
        yield Breach(
            fact.name, reference.field, "reference", n, _example(fact, lost, {*table.columns}, reference.field), says
        )


def _together(tables: Mapping[str, Table]) -> Iterator[Breach]:
    """Yield what two facts do not keep together."""
    if "orders" not in tables:
        return
    orders = tables["orders"]
    if "returns" in tables:
        placed = orders.select("ordered_at", _order="order_id")
        back = tables["returns"].join(placed, tables["returns"].order_id == placed["_order"])
        early = back.filter(back.refunded_at < back.ordered_at)
        n = row_count(early)
        if n:
            says = "It went back before its order was placed, and counts for none: are both in one time zone?"
            yield Breach("returns", "refunded_at", "order", n, _example(CONTRACT["returns"], early, {"refund_id"}), says)
    worthless = orders.filter(orders.revenue.isnull())
    if "order_lines" in tables:
        has = tables["order_lines"].select(_has="order_id").distinct()
        worthless = worthless.anti_join(has, worthless.order_id == has["_has"])
    n = row_count(worthless)
    if n:
        says = "There is neither revenue nor a line: what the order was worth is not known."
        yield Breach("orders", "revenue", "amount", n, _example(CONTRACT["orders"], worthless, {"order_id"}), says)


def _example(fact: Fact, rows: Table, present: set[str], *besides: str) -> str:
    """Return the key of one row, the same at every asking."""
    names = [name for name in dict.fromkeys((*fact.key, *besides)) if name in present and name in rows.columns]
    names = names or [field.name for field in fact.fields if field.name in present and field.name in rows.columns][:2]
    if not names:
        return ""
    found = all_rows(rows.select(*names).order_by(*names).limit(1))
    return ", ".join(f"{name}={_written(found[0][name])}" for name in names) if found else ""


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
