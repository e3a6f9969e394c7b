"""Erasing: events leave the inbox, every version of the log, and all that was worked out from them; and it is proved.

`STEPS` is the whole of it, in order. What is to be erased is written down first (``erasing.json``, its owner's alone), so
that a process which dies on the way leaves a plan that the next one finishes; each step can be taken again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import duckdb
import msgspec
import pyarrow as pa

from counterclick.errors import StoreError
from counterclick.events.bulk import quoted
from counterclick.events.schema import ERASURE, SCHEMA
from counterclick.shapes import from_json
from counterclick.store.keeping import Store
from counterclick.store.kept import Shelf
from counterclick.store.models import MODELS, Models
from counterclick.store.searching import Searched, search
from counterclick.store.shelved import clear_racks

__all__ = ["PENDING", "Erased", "Plan", "Why", "erase", "finish"]

Why = Literal["person", "shopify", "retention"]
"""A person asked for it; the Shopify store has taken the app off; or the events had reached their age."""
PENDING = "erasing.json"
"""File in the store's folder that says what is being erased; its owner's alone, and gone when that is done."""
_MOST_IDS = 2_000
"""Ids in one condition: Delta's engine ends the process at thirty thousand."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased.

    Attributes:
        erasure_id: random; the record of it is written once.
        why: as `Why`.
        events: kind -> how many, for the record.
        keys: kind -> event ids of single events.
        before: kind -> events that occurred before this moment, UTC.
        source: all events of sources whose names begin so.
        marks: of what is not to be taken again when it is sent again.
        words: column of the log -> identifiers that must be gone from it.
        everywhere: those of them that are long, and no other thing's name: they must be gone from every file's bytes.
    """

    erasure_id: str
    why: Why
    events: dict[str, int]
    keys: dict[str, list[str]] = {}
    before: dict[str, datetime] = {}
    source: str | None = None
    marks: list[str] = []
    words: dict[str, list[str]] = {}
    everywhere: list[str] = []


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        events: kind -> events erased.
        searched: what was looked through afterwards; None where there was nothing to be looked for.
    """

    events: Mapping[str, int]
    searched: Searched | None


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps work on.

    Attributes:
        store: whose.
        plan: what is erased.
        besides: erases what is kept beside the log.
        is_resumed: whether another process began it, so that events of the person may have come into the log since.
    """

    store: Store
    plan: Plan
    besides: Callable[[Plan], None]
    is_resumed: bool = False


def erase(
    store: Store, planned: Callable[[duckdb.DuckDBPyConnection], Plan | None], besides: Callable[[Plan], None]
) -> Erased | None:
    """Erase what a plan names, while nobody else writes to the log; events may arrive meanwhile, and are new ones.

    Args:
        store: whose.
        planned: makes the plan, from a DuckDB with the view ``events``; None where there is nothing to do.
        besides: erases what else is kept beside the log; it may be called several times.

    Returns:
        what was done; None without a plan.

    Raises:
        StoreError: it could not be done, or something was found afterwards; asked again, it goes on where it was.
    """
    with store.writing():
        _finish(store, besides)
        store.move_waiting()
        with store.reading() as connection:
            plan = planned(connection)
        return None if plan is None else _carry_out(_Work(store, plan, besides))


def finish(store: Store, besides: Callable[[Plan], None]) -> bool:
    """Finish an erasure whose process died; say whether there was one.

    Raises:
        StoreError: as of `erase`.
    """
    if not (store.folder / PENDING).exists():
        return False
    with store.writing():
        return _finish(store, besides)


def _finish(store: Store, besides: Callable[[Plan], None]) -> bool:
    path = store.folder / PENDING
    try:
        plan = from_json(path.read_bytes(), Plan)
    except FileNotFoundError:
        return False
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(
            f"{path} says what was being erased, and cannot be read: {error}. Delete it, and ask for the erasure again."
        ) from error
    _carry_out(_Work(store, plan, besides, is_resumed=True))
    return True


def _carry_out(work: _Work) -> Erased:
    for step in STEPS:
        step(work)
    searched = _prove(work)
    (work.store.folder / PENDING).unlink()
    return Erased(work.plan.events, searched)


def write_down(work: _Work) -> None:
    """What is to be erased stands in a file, until all of it is."""
    path = work.store.folder / PENDING
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(work.plan))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def leave_inbox(work: _Work) -> None:
    """The events leave the inbox."""
    if work.plan.keys:
        work.store.inbox.erase({kind: frozenset(ids) for kind, ids in work.plan.keys.items()})


def leave_log(work: _Work) -> None:
    """They leave the newest version of the log."""
    work.store.log.erase(list(_conditions(work.plan)))


def leave_record(work: _Work) -> None:
    """A record stays: how many events of which kinds were erased, when and why, and the marks; never whose."""
    plan, log = work.plan, work.store.log
    name = f"erasure:{plan.erasure_id}"
    if log.snapshot().transaction(name) is not None:
        return
    now = datetime.now(UTC)
    details: dict[str, object] = {"why": plan.why, "events": plan.events, "marks": plan.marks}
    if plan.before:
        details["before"] = {kind: moment.isoformat() for kind, moment in plan.before.items()}
    told = {
        "event_id": plan.erasure_id,
        "kind": ERASURE,
        "occurred_at": now,
        "received_at": now,
        "source": "counterclick",
        "details": json.dumps(details),
    }
    rows = pa.table({field.name: pa.array([told.get(field.name)], field.type) for field in SCHEMA}, schema=SCHEMA)
    log.append(rows, name=name, version=1)


def leave_facts(work: _Work) -> None:
    """What was worked out or learnt from them is deleted, and so is what else is kept of them beside the log."""
    Shelf(work.store.folder / "facts").clear()
    clear_racks(work.store.folder)
    work.store.ids.clear()
    work.store.answered.clear()
    Models(work.store.folder / MODELS).erase(everything=work.plan.source is not None)
    work.besides(work.plan)


def leave_past(work: _Work) -> None:
    """Older versions of the log, its commits, and free pages of the inbox are deleted."""
    work.store.log.scour()
    work.store.inbox.scour()


STEPS: tuple[Callable[[_Work], None], ...] = (
    write_down,
    leave_inbox,
    leave_log,
    leave_record,
    leave_facts,
    leave_past,
)
"""An erasure, step by step; the proof comes last."""


def _prove(work: _Work) -> Searched | None:
    """Look for every identifier in everything that the store keeps.

    Raises:
        StoreError: something was found.
    """
    plan = work.plan
    if not plan.words:
        return None
    searched = search(work.store, plan.words, plan.everywhere, besides={PENDING}, is_resumed=work.is_resumed)
    if searched.found:
        where = "; ".join(searched.found[:5])
        raise StoreError(f"the erasure is not complete: identifiers were found in {where}. Ask for it again.")
    return searched


def _conditions(plan: Plan) -> Iterator[str]:
    """Yield the conditions of what leaves the log, in the SQL of Delta's engine."""
    for kind, ids in plan.keys.items():
        for first in range(0, len(ids), _MOST_IDS):
            yield f"kind = {quoted(kind)} AND event_id IN ({_listed(ids[first : first + _MOST_IDS])})"
    for kind, moment in plan.before.items():
        text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        utc = f"arrow_cast('{text}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
        yield f"kind = {quoted(kind)} AND occurred_at < {utc}"
    if plan.source is not None:
        yield f"source LIKE {quoted(f'{plan.source}%')}"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(quoted, texts))
