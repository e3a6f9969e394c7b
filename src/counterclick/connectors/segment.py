"""Segment and RudderStack: one message (track, identify, page, screen, group, alias) into our words.

Who: ``anonymousId`` is the visitor, ``userId`` the customer. When: as Segment reckons, the message's time plus the
distance between our clock and the sender's. What: `TRANSLATIONS`, from `counterclick.connectors.segment_commerce` for
products, carts and orders, and `counterclick.connectors.segment_surfaces` for what spoke to the buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from counterclick.config import ChatConfig
from counterclick.connectors import segment_commerce, segment_surfaces
from counterclick.connectors.browsers import country_of, device_of, path_of
from counterclick.connectors.payload import LONGEST_NAME, Collector, Untranslatable, key, moment, needed, part_of, said, text
from counterclick.connectors.segment_commerce import Track, canonical
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["LARGEST_BATCH", "LARGEST_MESSAGE", "MOST_MESSAGES", "TRANSLATIONS", "batched", "translated"]

LARGEST_MESSAGE = 32 * 1024
"""Bytes of one message; Segment's limit."""
LARGEST_BATCH = 500 * 1024
"""Bytes of one batch, decompressed; Segment's limit."""
MOST_MESSAGES = 2500
"""Messages in one batch; Segment's limit."""
_OLD = {
    "viewed product category": "product list viewed",
    "viewed promotion": "promotion viewed",
    "clicked promotion": "promotion clicked",
    "clicked product": "product clicked",
    "viewed product": "product viewed",
    "added product": "product added",
    "removed product": "product removed",
    "started checkout": "checkout started",
    "completed order": "order completed",
    "refunded order": "order refunded",
    "cancelled order": "order cancelled",
    "viewed experiment": "experiment viewed",
}
"""Names of the first version of the specification, which still arrive."""
TRANSLATIONS = segment_commerce.TRANSLATIONS | segment_surfaces.TRANSLATIONS
"""An event's name in small letters, and what is made of it; everything else is skipped and counted."""
_CHAT = ChatConfig(surface="live_chat")


def batched(payload: Any, *, received_at: datetime, chat: ChatConfig = _CHAT) -> tuple[Translated, ...]:
    """Translate the body of ``/v1/batch``: one result a message, in their order.

    The batch's ``sentAt`` and ``context`` hold for messages that have none of their own.

    Args:
        payload: the decoded JSON.
        received_at: our own clock, UTC.
        chat: what the shop says of its live chat.
    """
    messages = payload.get("batch") if isinstance(payload, dict) else None
    if not isinstance(messages, list):
        return (Translated(refused=((Reason.MALFORMED, "a batch must be an object with a list of messages in batch"),)),)
    shared = part_of(payload, "context")
    return tuple(
        translated(
            {**one, "context": {**shared, **part_of(one, "context")}} if isinstance(one, dict) and shared else one,
            received_at=received_at,
            sent_at=payload.get("sentAt"),
            chat=chat,
        )
        for one in messages
    )


def translated(
    message: Any, *, received_at: datetime, sent_at: Any = None, kind: str | None = None, chat: ChatConfig = _CHAT
) -> Translated:
    """Translate one message.

    Args:
        message: the decoded JSON.
        received_at: our own clock, UTC.
        sent_at: ``sentAt`` of the batch that it came in.
        kind: what the address says it is, such as ``track`` of ``/v1/track``, for a message without a ``type``.
        chat: what the shop says of its live chat: the surface, and which agents are the assistant.
    """
    collector = Collector()
    if not isinstance(message, dict):
        collector.refuse(Reason.MALFORMED, "a message must be a JSON object")
        return collector.done()
    stated = said(message, "type")[1] or kind
    name = stated.lower() if isinstance(stated, str) else ""
    if name not in _TYPES:
        collector.refuse(Reason.UNKNOWN_KIND, f"type must be one of {', '.join(_TYPES)}")
        return collector.done()
    with collector.refusing(name):
        happened_at = _happened_at(message, sent_at, received_at)
        _TYPES[name](collector, _track(collector, name, message, happened_at, chat))
    return collector.done()


def _track(collector: Collector, where: str, message: Mapping[str, Any], at: datetime, chat: ChatConfig) -> Track:
    """Return what every event of the message has, beside its properties and context."""
    context = part_of(message, "context")
    place, home = part_of(context, "location"), part_of(context, "traits", "address")
    shared = {
        "occurred_at": at,
        "event_id": key(collector.given(where, text, message, "messageId")),
        "visitor_id": collector.given(where, text, message, "anonymousId"),
        "customer_id": collector.given(where, text, message, "userId"),
        "device": device_of(context.get("userAgent")),
        "country": country_of(place.get("country"), home.get("country"), locale=context.get("locale")),
        "consent": _consent(context),
    }
    return Track(message, part_of(message, "properties"), context, shared, chat)


def _consent(context: Mapping[str, Any]) -> bool | None:
    """Return whether the visitor allowed the category Analytics, where the message says so."""
    asked = part_of(context, "consent", "categoryPreferences")
    answers = {name.lower(): answer for name, answer in asked.items() if isinstance(answer, bool)}
    return answers.get("analytics")


def _happened_at(message: Mapping[str, Any], sent_at: Any, received_at: datetime) -> datetime:
    """Return when it happened, by our clock.

    A message that carries ``receivedAt`` has been through a server, which set its ``timestamp`` right already. Any
    other one is as far from the truth as ``sentAt`` is from the moment at which we received it.

    Raises:
        Untranslatable: a time cannot be read.
    """
    once_received = moment(message, "receivedAt")
    stated = moment(message, "timestamp")
    if once_received is not None and stated is not None:
        return stated
    stated = stated or moment(message, "originalTimestamp")
    received = once_received or received_at
    if stated is None:
        return received
    sent = moment(message, "sentAt") or moment({"sentAt": sent_at}, "sentAt")
    try:
        return (stated if sent is None else stated + (received - sent)).astimezone(UTC)
    except OverflowError:
        raise Untranslatable(Reason.OUT_OF_RANGE, "timestamp and sentAt lie beyond the calendar") from None


def _tracked(collector: Collector, track: Track) -> None:
    name = needed(text(track.message, "event"), "event", "a track call names what happened")
    translation = TRANSLATIONS.get(_OLD.get(canonical(name), canonical(name)))
    if translation is None:
        collector.skip(name)
        return
    with collector.refusing(name[:LONGEST_NAME]):
        translation(collector, track)


def _identified(collector: Collector, track: Track) -> None:
    """Who names only one of the two says nothing that joins them."""
    if track.shared["visitor_id"] is None or track.shared["customer_id"] is None:
        collector.skip("identify of one id")
        return
    collector.body("identify", track.shared)


def _aliased(collector: Collector, track: Track) -> None:
    previous = needed(text(track.message, "previousId"), "previousId")
    customer = needed(track.shared["customer_id"], "userId")
    collector.body("identify", track.shared, visitor_id=previous, customer_id=customer)


def _paged(collector: Collector, track: Track) -> None:
    visitor = needed(track.shared["visitor_id"], "anonymousId", "a page is seen by a visitor")
    own, page = track.properties, part_of(track.context, "page")
    path = collector.given("page", text, own, "path") or path_of(own.get("url")) or path_of(page.get("path"))
    path = path or path_of(page.get("url")) or collector.given("page", text, track.message, "name")
    collector.body("page_view", track.shared, visitor_id=visitor, page=path)


def _grouped(collector: Collector, _track: Track) -> None:
    collector.skip("group")


_TYPES = {
    "track": _tracked,
    "identify": _identified,
    "page": _paged,
    "screen": _paged,
    "group": _grouped,
    "alias": _aliased,
}
