"""Whom a shop hears from and tells: the verbs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from counterclick.config import Config
from counterclick.shop.connecting import Connection, connection_of
from counterclick.shop.outgoing import klaviyo_bodies
from counterclick.shop.reading import Reading
from counterclick.shop.reconciling import Reconciled, reconcile
from counterclick.shop.recording import Progress, silent
from counterclick.store import Store

__all__ = ["Senders"]


class Senders:
    """The systems that a shop is connected with.

    Args:
        store: of the shop.
        config: the shop's.
        reading: returns the present reading of the store.
        refresh: begins a new one.
    """

    def __init__(self, store: Store, config: Config, reading: Callable[[], Reading], refresh: Callable[[], None]) -> None:
        self._store = store
        self._config = config
        self._reading = reading
        self._refresh = refresh

    def klaviyo(self, since: date, until: date | None = None, kinds: Collection[str] = ()) -> Iterator[dict[str, Any]]:
        """Return the bodies by which Klaviyo takes the shop's events (``POST /api/events``), in the order of time.

        Args:
            since: first day of the shop.
            until: last day; all later ones unless given.
            kinds: of events; all that Klaviyo has a metric for unless any is named.

        Raises:
            ConfigError: the last day lies before the first.
            EmptyStoreError: nothing is recorded.
            UnknownNameError: Klaviyo has no metric for a kind.
        """
        return klaviyo_bodies(self._reading(), self._config.shop.timezone, since, until, kinds)

    def reconcile(self, path: Path, *, progress: Progress = silent) -> Reconciled:
        """Lay an export of Shopify's orders beside the log and record what is missing; done again, it changes nothing.

        Args:
            path: JSON lines, as a bulk operation writes them.
            progress: called with each step and the fraction done.

        Raises:
            InputError: the file cannot be read.
            StoreError: what is missing could not be written.
        """
        found = reconcile(self._store, self._config, path, progress=progress)
        self._refresh()
        return found

    def connection(self, *, verifying: bool = False, address: str | None = None, answers: str | None = None) -> Connection:
        """Return the steps by which a Shopify store is connected: see `counterclick.shop.connecting.connection_of`."""
        return connection_of(self._store, self._config, verifying=verifying, address=address, answers=answers)
