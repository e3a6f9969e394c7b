"""What every handler needs: the shop's receiving, its keys, and the counts of what came."""

from __future__ import annotations

import asyncio
import base64
import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response
from litestar.datastructures import Headers
from prometheus_client import CollectorRegistry, Counter, Gauge

from counterclick.connectors.browsers import BOT, is_crawler
from counterclick.display import Shown, as_json
from counterclick.errors import InputError
from counterclick.events.rejection import Rejection
from counterclick.events.vocabulary import DecisionMade, Event, Exposure
from counterclick.shop.evaluating import Evaluating, FirstArms
from counterclick.shop.keys import May
from counterclick.shop.learning import Learning
from counterclick.shop.premises import Premises
from counterclick.shop.receiving import Receiving
from counterclick.shop.shopify import ShopifyStore
from counterclick.web.asking import Asking
from counterclick.web.bodies import BodyError
from counterclick.web.deciding import Deciding
from counterclick.web.exposing import EXPOSED, Exposing
from counterclick.web.frames import Kept
from counterclick.web.handing import Handing
from counterclick.web.limits import Limits

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["Service", "secret_of"]


class Service:
    """One shop, served.

    Args:
        shop: which.
    """

    def __init__(self, shop: Premises) -> None:
        self.shop = shop
        self._zone = ZoneInfo(shop.config.shop.timezone)
        self.keys = shop.keys
        self.handing = Handing(shop)
        self.exposing = Exposing(self.handing, shop.store.promised, self._count)
        self._receiving = Receiving(shop.store, shop.config)
        self.registry = CollectorRegistry()
        self._taken = Counter("counterclick_events", "Events taken.", ["source", "kind"], registry=self.registry)
        self._refused = Counter("counterclick_rejections", "Events refused.", ["source", "reason"], registry=self.registry)
        self._skipped = Counter("counterclick_skipped", "What means nothing here.", ["source"], registry=self.registry)
        waiting = Gauge("counterclick_inbox_bodies", "Bodies that wait for the log.", registry=self.registry)
        waiting.set_function(lambda: float(shop.store.inbox.count()))
        self.evaluating = Evaluating(shop.config, shop.store.key, FirstArms(shop.store, shop.config))
        self.shopify = ShopifyStore(shop.store.folder, shop.config)
        self.limits = Limits(shop.config.serve)
        self.asking = Asking(shop)
        self.deciding = Deciding(Learning(shop.store, shop.config, shop.folder), shop.config, shop.store.answered)
        self.requests = shop.requests
        asked = Gauge("counterclick_requests", "What Shopify asks about people.", ["state"], registry=self.registry)
        asked.labels("waiting").set_function(lambda: float(len(self.requests.waiting())))
        asked.labels("overdue").set_function(lambda: float(sum(one.is_overdue for one in self.requests.waiting())))
        self.is_ready = True

    def allow(self, request: Request[Any, Any, Any], may: May, *, said: str | None = None) -> None:
        """Refuse a request whose key does not allow this.

        Args:
            request: with the key as Basic user name, as bearer, or as ``X-API-Key``.
            may: what is to be allowed.
            said: a key that stands elsewhere, such as in the body.

        Raises:
            BodyError: 401; 429 where the key sends too many.
        """
        secret = said or secret_of(request.headers)
        key = self.keys.find(secret, may) if secret else None
        if key is None:
            raise BodyError(401, f"a key is needed that holds for this: `counterclick keys new {may}` makes one.")
        self.limits.key(key.key_id)

    async def ask(self, request: Request[Any, Any, Any], question: Callable[[Shop], Shown]) -> Response[str]:
        """Answer a question to the shop.

        Args:
            request: with a key that may read; its address with its query is the question's name.
            question: a verb of the shop, as another process calls it: see `Asking.ask`.

        Raises:
            BodyError: no key that may read, or too many questions wait.
            CounterclickError: whatever the verb raises.
        """
        self.allow(request, "read")
        asked = sorted(request.query_params.multi_items())
        return _answer(await self.asking.ask(f"{request.url.path}?{asked}", partial(_told, question)))

    async def show(self, request: Request[Any, Any, Any], found: Callable[[], Shown]) -> Response[str]:
        """Show what is known without asking the log.

        Args:
            request: with a key that may read.
            found: what it is.

        Raises:
            BodyError: no key that may read.
        """
        self.allow(request, "read")
        return _answer(as_json(await asyncio.to_thread(found)))

    def today(self) -> date:
        """Return the shop's day."""
        return datetime.now(self._zone).date()

    async def expose(
        self, exposures: Sequence[Exposure], decisions: Sequence[DecisionMade] = (), agent: str | None = None
    ) -> None:
        """Record exposures that were not recorded by this process before, and decisions: see `Exposing.record`.

        Args:
            exposures: of one visitor.
            decisions: for it, to be recorded with them.
            agent: the user agent of the request.

        Raises:
            InputError: the visitor's id cannot be recorded.
            StoreError: the inbox could not be written; none was kept.
        """
        new = self.evaluating.unrecorded(exposures)
        if not new and not decisions:
            return
        events: list[Event] = [*new, *decisions]
        if is_crawler(agent):
            events = [msgspec.structs.replace(each, device=BOT) for each in events]
        made = self._receiving.made(events, EXPOSED)
        if made is not None:
            await self.exposing.record(*made, is_judged=True)
        else:
            sent = msgspec.json.encode(events)
            bodies, refused = self._receiving.judged(msgspec.json.decode(sent), EXPOSED)
            if refused:
                raise InputError(f"the visitor cannot be exposed: {refused[0].details}.")
            await self.exposing.record(sent, bodies)
        self.evaluating.recorded(new)

    async def take(
        self, sent: Sequence[Mapping[str, Any] | Rejection], source: str, n_skipped: int = 0, *, agent: str | None = None
    ) -> list[str | Rejection]:
        """Take events; when this returns they are on disk. Return, for each in order, its id, or why it was refused.

        Args:
            sent: objects in the vocabulary, or what was refused before it came so far.
            source: who sends them.
            n_skipped: what meant nothing, to be counted.
            agent: the user agent of the request, where a browser may have sent it: what a crawler does is marked so.

        Raises:
            StoreError: the inbox could not be written; none was kept.
        """
        judged: list[str | Rejection] = []
        if sent:
            judged, kept = await self.handing.translated(sent, source, is_bot=is_crawler(agent))
            self._count(source, kept)
        self.pass_over(source, n_skipped)
        return judged

    async def take_body(self, body: bytes, source: str, *, agent: str | None = None) -> bytes:
        """Take a body of events in the vocabulary; when this returns they are on disk. Return the answer, as JSON.

        Args:
            body: JSON, of one event or of a list.
            source: who sends it.
            agent: as in `take`.

        Raises:
            BodyError: it is no JSON, or holds too many events.
            StoreError: the inbox could not be written; none was kept.
        """
        kept = await self.handing.body(body, source, is_bot=is_crawler(agent))
        self._count(source, kept)
        return kept.body

    def _count(self, source: str, kept: Kept) -> None:
        for counter, counts in ((self._taken, kept.taken), (self._refused, kept.refused)):
            for name, n in counts.items():
                _of(counter, source, name).inc(n)

    def pass_over(self, source: str, n: int) -> None:
        """Count what was sent and means nothing here."""
        if n:
            self._skipped.labels(source).inc(n)


@functools.lru_cache(maxsize=1_000)
def _of(counter: Counter, source: str, name: str) -> Counter:
    """Return a counter of a kind's own: the library looks its names over each time."""
    return counter.labels(source, name)


def _answer(told: str) -> Response[str]:
    return Response(told, media_type="application/json", headers={"Cache-Control": "no-store"})


def _told(question: Callable[[Shop], Shown], shop: Shop) -> str:
    return as_json(question(shop))


def secret_of(headers: Headers) -> str | None:
    """Return the key that a request's headers carry: as bearer, as Basic user name, or as ``X-API-Key``."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except ValueError:  # no base64, or no text in it
            return None
    return headers.get("x-api-key")
