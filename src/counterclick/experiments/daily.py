"""Sums of an experiment by day of entry: kept, so that only days into which news reach are added up anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

import ibis
from ibis.expr.types import Table, Value

from counterclick.experiments.cohort import Cohort

__all__ = ["Daily", "daily", "sums_of"]

_NO_SHIFTS: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Daily:
    """What finished visitors amounted to.

    Attributes:
        names: of the values.
        active: finished visitors who did anything that is measured. Grain: one visitor. Columns: keys and values.
        sums: of the same visitors. Grain: one combination of keys. Columns: the keys, n_active (visitors), ``s_i`` for the
            sum of the ith value, ``p_i_j`` for that of the products of the ith and the jth, j at most i.
    """

    names: tuple[str, ...]
    active: Table = field(repr=False)
    sums: Table = field(repr=False)

    def until(self, day: date) -> Daily:
        """Return the same of those who had entered by the end of a day."""
        active, sums = (table.filter(table.entry_on <= day) for table in (self.active, self.sums))
        return replace(self, active=active, sums=sums)

    def merged(self, keys: Sequence[str], names: Sequence[str]) -> Table:
        """Return the sums of some of the values by fewer keys, in the form of `sums_of`."""
        places = [self.names.index(name) for name in names]
        columns: dict[str, Value] = {"n_active": self.sums.n_active.sum()}
        columns |= {f"s_{i}": self.sums[f"s_{own}"].sum() for i, own in enumerate(places)}
        for i, one in enumerate(places):
            for j, other in enumerate(places[: i + 1]):
                columns[f"p_{i}_{j}"] = self.sums[f"p_{max(one, other)}_{min(one, other)}"].sum()
        return self.sums.group_by(*keys).agg(**columns)


def daily(cohort: Cohort, everyone: Table, names: Sequence[str], keys: Sequence[str], label: str) -> Daily:
    """Return what visitors amounted to, added up by day of entry once and kept.

    Days on which all have finished are taken as they are kept; of later ones only the visitors who have are added up.

    Args:
        cohort: whose visitors they are.
        everyone: finished or not, as it is kept. Grain: one visitor. Columns: exposed_at, the keys, and the values.
        names: of the values.
        keys: ``entry_on`` and others.
        label: what the sums are called where they are kept.
    """
    context = cohort.context
    active = cohort.finished(everyone)
    own = f"{label} {cohort.name}"
    whole = context.facts.kept(sums_of(everyone, names, keys), own, per="entry_on" if cohort.keys else "")
    first_open = cohort.finished_until.astimezone(ZoneInfo(context.timezone)).date()
    closed = whole.filter(whole.entry_on < ibis.literal(first_open))
    later = sums_of(active.filter(active.entry_on >= ibis.literal(first_open)), names, keys)
    return Daily(tuple(names), active, ibis.union(closed, later.select(*closed.columns)))


def sums_of(active: Table, names: Sequence[str], keys: Sequence[str], shifts: Mapping[int, float] = _NO_SHIFTS) -> Table:
    """Return sums of values and of their products by keys.

    Grain: one combination of keys. Columns: the keys, n_active (rows), ``s_i``, ``p_i_j`` (j at most i), and ``z_i``, the
    largest size of the ith value, of each value from which something is subtracted.

    Args:
        active: with keys and values.
        names: of the values.
        keys: to add up by.
        shifts: place of a value -> what is subtracted from it.
    """
    k = len(names)
    values = {f"x_{i}": active[name].cast("float64") for i, name in enumerate(names)}
    flat = active.select(*keys, **(values | {f"x_{i}": values[f"x_{i}"] - shift for i, shift in shifts.items()}))
    sums = {f"s_{i}": flat[f"x_{i}"].sum() for i in range(k)}
    products = {f"p_{i}_{j}": (flat[f"x_{i}"] * flat[f"x_{j}"]).sum() for i in range(k) for j in range(i + 1)}
    size = {f"z_{i}": (flat[f"x_{i}"] + shift).abs().max() for i, shift in shifts.items()}
    return flat.group_by(*keys).agg(n_active=flat.count(), **sums, **products, **size)
