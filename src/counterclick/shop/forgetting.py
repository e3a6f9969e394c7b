"""Forgetting a person: everything that is kept of it is erased, looked for afterwards, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from counterclick.display import Grid, Shown, count
from counterclick.shop.person import Found, Person, find, plan_of
from counterclick.shop.rights_files import Besides
from counterclick.store import Store
from counterclick.store.erasing import Plan, erase
from counterclick.store.searching import LEAST, Searched

__all__ = ["Forgotten", "forget"]


@dataclass(frozen=True, slots=True)
class Forgotten(Shown):
    """What was erased of a person, or would be.

    Attributes:
        events: kind -> how many events.
        n_visitors: visitors that were the person's alone.
        n_orders: orders of the person.
        others: customers who share a visitor with the person, as the log knows them.
        known_as: customers that visitors who were asked for turned out to be.
        searched: what was looked through afterwards; None where nothing was erased.
        is_done: whether it was erased; else it was only asked what would be.
    """

    events: Mapping[str, int]
    n_visitors: int
    n_orders: int
    others: tuple[str, ...]
    known_as: tuple[str, ...]
    searched: Searched | None
    is_done: bool

    def grids(self) -> list[Grid]:
        """Return what was erased by kind, and how it was proved."""
        verb = "Erased" if self.is_done else "Would be erased; nothing was changed"
        rows = [(kind, count(n)) for kind, n in self.events.items()]
        notes = []
        if not rows:
            notes.append("Nothing is kept of this person.")
        if self.n_orders:
            notes.append(
                f"{count(self.n_orders)} orders are among them: revenue of past days is lower without them. Their amounts "
                "stay in the store's own system, for the books."
            )
        if self.others:
            notes.append(
                f"A visitor is also known as another customer: {', '.join(self.others)}. Of its events without a customer, "
                "those were taken that happened while it was known as this one. Is it the same person? Name that id as well."
            )
        if self.known_as:
            notes.append(
                f"The visitor turned out to be the customer {', '.join(self.known_as)}. What that customer did elsewhere is "
                "erased with --customer."
            )
        return [Grid(verb, ("kind", "events"), rows, notes), *self._proof()]

    def _proof(self) -> list[Grid]:
        if self.searched is None:
            return []
        looked = self.searched
        rows = [
            ("rows of the log read through", count(looked.n_rows)),
            ("files searched, byte by byte", count(looked.n_files)),
            ("bytes", count(looked.n_bytes)),
            ("identifiers looked for", count(looked.n_words)),
            ("of these, in every byte too", count(looked.n_everywhere)),
            ("found", count(len(looked.found))),
        ]
        notes = [
            f"In bytes are searched for identifiers of {LEAST} characters or more that name nothing else; the others in the "
            "columns where they would stand."
        ]
        if looked.n_arrived:
            notes.append(f"{count(looked.n_arrived)} events of the person have arrived since: they are new, and kept.")
        return [Grid("Proof", ("", ""), rows, notes)]


def forget(store: Store, person: Person, *, dry_run: bool = False) -> Forgotten:
    """Erase everything that is kept of a person, and prove it.

    Args:
        store: of the shop.
        person: as it is asked.
        dry_run: only say what would be erased.

    Raises:
        InputError: nobody is named.
        StoreError: it could not be done, or something was found afterwards; asked again, it goes on where it was.
    """
    key = store.key
    known = person.known_as(key)
    if dry_run:
        return _told(store.ask(lambda connection: find(connection, known)), None, is_done=False)
    seen: list[Found] = []

    def planned(connection: duckdb.DuckDBPyConnection) -> Plan:
        seen.append(find(connection, known))
        return plan_of(connection, seen[-1], key, (*person.customers, *person.visitors, *person.orders))

    done = erase(store, planned, Besides(store))
    return _told(seen[-1], done.searched if done else None, is_done=True)


def _told(found: Found, searched: Searched | None, *, is_done: bool) -> Forgotten:
    return Forgotten(found.events, found.n_visitors, found.n_orders, found.others, found.known_as, searched, is_done)
