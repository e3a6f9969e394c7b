"""What visitors are sliced by: new or returning, device, country, as they were known when they became eligible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Column, Table

from counterclick.stats import Moments

__all__ = ["DIMENSIONS", "LARGEST", "OTHER", "TRAITS", "UNKNOWN", "Cells", "along", "labelled", "largest"]

DIMENSIONS = ("customer", "device", "country")
"""The columns of `labelled`."""
TRAITS = ("is_returning", "device", "country")
"""What these are made of."""
LARGEST = 10
"""Values of a dimension that stand for themselves; all others are pooled."""
OTHER = "other"
UNKNOWN = "unknown"

Cells = Mapping[tuple[str, ...], Moments]
"""(arm, customer, device, country) -> moments of the finished visitors."""


def labelled(counted: Mapping[tuple[Any, ...], int], active: Table) -> tuple[dict[tuple[str, ...], int], Table]:
    """Label visitors by what they are sliced by: new or returning, device, country.

    Of devices and countries the ten with most visitors, whatever their arm, stand for themselves; the others are "other",
    and "unknown" is where no event said.

    Args:
        counted: (arm, *`TRAITS`) -> visitors.
        active: some of these visitors, with the same columns and what they amounted to.

    Returns:
        (arm, customer, device, country) -> visitors; and ``active`` with these columns.
    """
    kept = {name: _largest(counted, place) for place, name in enumerate(DIMENSIONS[1:], start=2)}
    sizes: dict[tuple[str, ...], int] = {}
    for (arm, is_returning, *told), n in counted.items():
        labels = (_label(value, named) for value, named in zip(told, kept.values(), strict=True))
        key = (arm, "returning" if is_returning else "new", *labels)
        sizes[key] = sizes.get(key, 0) + n
    columns = {name: _pooled(active[name], named) for name, named in kept.items()}
    return sizes, active.mutate(customer=active.is_returning.ifelse("returning", "new"), **columns)


def _largest(counted: Mapping[tuple[Any, ...], int], place: int) -> set[str] | None:
    """Return the ten values with most visitors; None where there are no more than ten."""
    sizes: dict[str, int] = {}
    for key, n in counted.items():
        if key[place] is not None:
            sizes[key[place]] = sizes.get(key[place], 0) + n
    if len(sizes) <= LARGEST:
        return None
    return set(sorted(sizes, key=lambda value: (-sizes[value], value))[:LARGEST])


def _label(value: str | None, named: set[str] | None) -> str:
    if value is None:
        return UNKNOWN
    return value if named is None or value in named else OTHER


def _pooled(column: Column, named: Iterable[str] | None) -> Column:
    """Return a column with nulls named "unknown" and all but some values pooled; the same as `_label`."""
    known = ibis.coalesce(column, UNKNOWN)
    return known if named is None else (column.isin(sorted(named)) | column.isnull()).ifelse(known, OTHER)


def largest(table: Table, name: str, by: str) -> Column:
    """Return a column of names with all but the ten pooled whose sum of another column is largest; nulls are "unknown"."""
    named = table.filter(table[name].notnull()).group_by(_value=name).agg(_size=_[by].sum())
    first = named.order_by([_["_size"].desc(), _["_value"]]).limit(LARGEST + 1).to_pyarrow()["_value"].to_pylist()
    return _pooled(table[name], None if len(first) <= LARGEST else first[:LARGEST])


def along(cells: Cells, dimensions: Sequence[str]) -> dict[tuple[str, ...], dict[str, Moments]]:
    """Return the moments of each arm for each value, or combination of values, of some of the dimensions.

    Returns:
        values -> arm -> moments, the values with most visitors first, "other" and "unknown" last.
    """
    places = [DIMENSIONS.index(name) for name in dimensions]
    parts: dict[tuple[str, ...], dict[str, list[Moments]]] = {}
    for (arm, *values), moments in cells.items():
        parts.setdefault(tuple(values[place] for place in places), {}).setdefault(arm, []).append(moments)
    whole = {key: {arm: Moments.total(found) for arm, found in arms.items()} for key, arms in parts.items()}
    size = {key: sum(arm.n for arm in arms.values()) for key, arms in whole.items()}
    return dict(sorted(whole.items(), key=lambda item: (_last(item[0]), -size[item[0]], item[0])))


def _last(values: tuple[str, ...]) -> int:
    return max((OTHER, UNKNOWN).index(value) + 1 if value in (OTHER, UNKNOWN) else 0 for value in values)
