"""What a shop that is served does by itself: finish erasures, do what Shopify asks, erase what has reached its age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from counterclick.config import Config
from counterclick.display import count
from counterclick.errors import CounterclickError
from counterclick.shop.requests import Requests
from counterclick.shop.retaining import retain
from counterclick.shop.rights_files import Besides
from counterclick.store import Store
from counterclick.store.erasing import PENDING, finish

__all__ = ["Housekeeping"]

_AGAIN = timedelta(hours=1)
"""After which something that failed is tried again."""


class Housekeeping:
    """The upkeep of a shop, to be asked again and again.

    Args:
        store: of the shop.
        config: the shop's.
        requests: of the shop.
    """

    def __init__(self, store: Store, config: Config, requests: Requests) -> None:
        self._store = store
        self._config = config
        self._retained_on: date | None = None
        self._requests = requests
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def work(self, now: datetime | None = None) -> list[str]:
        """Do what is due; return what was done, without whom it was about.

        Args:
            now: UTC; the present moment unless given.

        Raises:
            CounterclickError: something could not be done; it is tried again in an hour.
        """
        moment = now or datetime.now(UTC)
        if moment < self._not_before:
            return []
        try:
            return self._work(moment)
        except CounterclickError:
            self._not_before = moment + _AGAIN
            raise

    def _work(self, now: datetime) -> list[str]:
        done = []
        if (self._store.folder / PENDING).exists() and finish(self._store, Besides(self._store)):
            done.append("an erasure that had been interrupted is finished")
        if self._requests.is_work(now):
            done += [f"request {one.number} ({one.asked}): {one.did}" for one in self._requests.act(now=now).requests]
        today = now.astimezone(ZoneInfo(self._config.shop.timezone)).date()
        if self._config.retention.days and self._retained_on != today:
            events = retain(self._store, self._config, erasing=True, now=now).events
            self._retained_on = today
            done += [f"erased {count(n)} {kind} because of their age" for kind, n in events.items()]
        return done
