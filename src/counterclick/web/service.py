"""What every handler needs: the shop's receiving, its keys, and the counts of what came."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import Counter as Counts
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from prometheus_client import CollectorRegistry, Counter, Gauge

from counterclick.errors import InputError
from counterclick.events.rejection import Rejection
from counterclick.events.vocabulary import Event, Exposure
from counterclick.shop import Shop
from counterclick.shop.evaluating import Evaluating, FirstArms
from counterclick.shop.keys import May
from counterclick.shop.receiving import Received, Receiving
from counterclick.shop.shopify import ShopifyStore
from counterclick.web.bodies import BodyError

__all__ = ["Service"]


class Service:
    """One shop, served.

    Args:
        shop: which.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._zone = ZoneInfo(shop.config.shop.timezone)
        self.keys = shop.keys
        self.receiving = Receiving(shop.store, shop.config)
        self.registry = CollectorRegistry()
        self._taken = Counter("counterclick_events", "Events taken.", ["source", "kind"], registry=self.registry)
        self._refused = Counter("counterclick_rejections", "Events refused.", ["source", "reason"], registry=self.registry)
        self._skipped = Counter("counterclick_skipped", "What means nothing here.", ["source"], registry=self.registry)
        waiting = Gauge("counterclick_inbox_bodies", "Bodies that wait for the log.", registry=self.registry)
        waiting.set_function(lambda: float(shop.store.inbox.count()))
        self.evaluating = Evaluating(shop.config, shop.store.key, FirstArms(shop.store, shop.config))
        self.shopify = ShopifyStore(shop.store.folder, shop.config)
        self.is_ready = True

    def allow(self, request: Request[Any, Any, Any], may: May, *, said: str | None = None) -> None:
        """Refuse a request whose key does not allow this.

        Args:
            request: with the key as Basic user name, as bearer, or as ``X-API-Key``.
            may: what is to be allowed.
            said: a key that stands elsewhere, such as in the body.

        Raises:
            BodyError: 401.
        """
        secret = said or _secret(request)
        if not secret or self.keys.find(secret, may) is None:
            raise BodyError(401, f"a key is needed that holds for this: `counterclick keys new {may}` makes one.")

    def today(self) -> date:
        """Return the shop's day."""
        return datetime.now(self._zone).date()

    async def expose(self, exposures: Sequence[Exposure]) -> None:
        """Record exposures that were not recorded by this process before; when this returns they are on disk.

        Raises:
            InputError: the visitor's id cannot be recorded.
            StoreError: the inbox could not be written; none was kept.
        """
        new = self.evaluating.unrecorded(exposures)
        if not new:
            return
        received = await self.take([msgspec.to_builtins(each) for each in new], "decide")
        refused = [each.details for each in received.judged if isinstance(each, Rejection)]
        if refused:
            raise InputError(f"the visitor cannot be exposed: {refused[0]}.")
        self.evaluating.recorded(new)

    async def take(self, sent: Iterable[Mapping[str, Any] | Rejection], source: str, n_skipped: int = 0) -> Received:
        """Take events; when this returns they are on disk.

        Raises:
            StoreError: the inbox could not be written; none was kept.
        """
        received = self.receiving.take(sent, source)
        await asyncio.wrap_future(received.on_disk)
        taken = Counts(each.__struct_config__.tag for each in received.judged if isinstance(each, Event))
        refused = Counts(each.reason.value for each in received.judged if isinstance(each, Rejection))
        for counter, counts in ((self._taken, taken), (self._refused, refused)):
            for name, n in counts.items():
                counter.labels(source, name).inc(n)
        self.pass_over(source, n_skipped)
        return received

    def pass_over(self, source: str, n: int) -> None:
        """Count what was sent and means nothing here."""
        if n:
            self._skipped.labels(source).inc(n)


def _secret(request: Request[Any, Any, Any]) -> str | None:
    """Return the key that a request carries."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return request.headers.get("x-api-key")
