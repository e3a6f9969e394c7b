"""People's rights over what is kept of them: the verbs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from counterclick.config import Config
from counterclick.shop.exporting import Exported, export
from counterclick.shop.forgetting import Forgotten, forget
from counterclick.shop.person import Person
from counterclick.shop.requests import RequestList, Requests
from counterclick.shop.retaining import Retained, retain
from counterclick.store import Store

__all__ = ["Rights"]


class Rights:
    """What a person may ask of what a shop keeps.

    Args:
        store: of the shop.
        config: the shop's.
        refresh: begins a new reading of the store.
    """

    def __init__(self, store: Store, config: Config, refresh: Callable[[], None]) -> None:
        self._store = store
        self._config = config
        self._refresh = refresh

    def forget(self, person: Person, *, dry_run: bool = False) -> Forgotten:
        """Erase everything that is kept of a person, and prove it: see `counterclick.shop.forgetting.forget`.

        Raises:
            InputError: nobody is named.
            StoreError: it could not be done, or something was found afterwards.
        """
        found = forget(self._store, person, dry_run=dry_run)
        if not dry_run:
            self._refresh()
        return found

    def export(self, person: Person, path: Path) -> Exported:
        """Write everything that is kept of a person as JSON lines: see `counterclick.shop.exporting.export`.

        Raises:
            InputError: nobody is named, or the file cannot be written.
        """
        return export(self._store, person, path)

    @property
    def requests(self) -> Requests:
        """What Shopify asks about people."""
        return Requests(self._store)

    def act(self, *, whole_shop: bool = False) -> RequestList:
        """Do what Shopify asks: see `counterclick.shop.requests.Requests.act`.

        Raises:
            StoreError: something could not be done; what was done before it stays done.
        """
        done = self.requests.act(whole_shop=whole_shop)
        self._refresh()
        return done

    def retain(self, *, erasing: bool = False) -> Retained:
        """Erase the events whose time is over, or say which would be: see `counterclick.shop.retaining.retain`.

        Raises:
            StoreError: they could not be erased.
        """
        found = retain(self._store, self._config, erasing=erasing)
        if erasing:
            self._refresh()
        return found
