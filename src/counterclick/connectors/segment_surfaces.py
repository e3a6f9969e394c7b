"""What Segment's events say of surfaces: lists, promotions, experiments, chats and e-mails, and our own names for them.

`TRANSLATIONS` is the whole of it. ``Surface Shown``, ``Surface Clicked`` and ``Assistant Answered`` are ours, for what
the specification has no name for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from counterclick.connectors.chat import answered
from counterclick.connectors.goods import shown
from counterclick.connectors.payload import Collector, needed, number, objects, part_of, text, whole
from counterclick.connectors.segment_commerce import NAMES, SURFACE, Track, channel_of

__all__ = ["TRANSLATIONS"]

_PROMOTION = ("surface", "promotion_id", "position", "name")


def _list_viewed(collector: Collector, track: Track) -> None:
    own = track.properties
    surface = text(own, *SURFACE)
    if surface is None:
        collector.skip("Product List Viewed without list_id")
        return
    _shown(collector, track, surface, objects(own, "products", "items"))


def _promotion_viewed(collector: Collector, track: Track) -> None:
    own = track.properties
    surface = needed(text(own, *_PROMOTION), "promotion_id")
    _shown(collector, track, surface, objects(own, "products"))


def _surface_shown(collector: Collector, track: Track) -> None:
    own = track.properties
    _shown(collector, track, needed(text(own, *SURFACE), "surface"), objects(own, "products", "items"))


def _shown(collector: Collector, track: Track, surface: str, items: list[Any]) -> None:
    own = track.properties
    visitor = track.visitor()
    collector.body(
        "view_item_list",
        track.shared,
        visitor_id=visitor,
        surface=surface,
        items=shown(collector, "list", items, NAMES),
        policy=collector.given("policy", text, own, "policy"),
        variant=collector.given("variant", text, own, "variant", "variation_id"),
        propensity=collector.given("propensity", number, own, "propensity"),
        channel=channel_of(own),
    )


def _product_clicked(collector: Collector, track: Track) -> None:
    own = track.properties
    surface = text(own, *SURFACE)
    if surface is None:
        collector.skip("Product Clicked without list_id")
        return
    _clicked(collector, track, surface, needed(text(own, *NAMES.product), "product_id"))


def _promotion_clicked(collector: Collector, track: Track) -> None:
    own = track.properties
    surface = needed(text(own, *_PROMOTION), "promotion_id")
    _clicked(collector, track, surface, text(own, *NAMES.product), placed=False)


def _surface_clicked(collector: Collector, track: Track) -> None:
    own = track.properties
    _clicked(collector, track, needed(text(own, *SURFACE), "surface"), text(own, *NAMES.product))


def _clicked(collector: Collector, track: Track, surface: str, product: str | None, *, placed: bool = True) -> None:
    place = collector.given("position", whole, track.properties, "position") if placed else None
    collector.body(
        "select_item",
        track.shared,
        visitor_id=track.visitor(),
        surface=surface,
        product_id=product,
        position=place if place is not None and place > 0 else None,
        channel=channel_of(track.properties),
    )


def _experiment_viewed(collector: Collector, track: Track) -> None:
    own = track.properties
    collector.body(
        "exposure",
        track.shared,
        visitor_id=track.visitor(),
        experiment=needed(text(own, "experiment", "experiment_id", "experiment_name"), "experiment_id"),
        variant=needed(text(own, "variant", "variation_id", "variation_name"), "variation_id"),
        surface=collector.given("surface", text, own, "surface"),
        policy=collector.given("policy", text, own, "policy"),
        propensity=collector.given("propensity", number, own, "propensity"),
    )


def _assistant_answered(collector: Collector, track: Track) -> None:
    track.visitor()
    answered(collector, track.properties, track.shared, track.chat, surface=text(track.properties, "surface"))


def _mailed(kind: str) -> Callable[[Collector, Track], None]:
    def mailed(collector: Collector, track: Track) -> None:
        own = track.properties
        someone = track.shared["visitor_id"] or track.shared["customer_id"]
        address = None if someone else text(part_of(track.context, "traits"), "email")
        needed(someone or address, "userId", "a message goes to someone")
        fields: dict[str, Any] = {"product_id": text(own, *NAMES.product)} if kind == "message_clicked" else {}
        collector.body(
            kind,
            track.shared,
            {} if someone else {"customer_id": address},
            fields,
            surface=text(own, "surface") or "email",
            message_id=text(own, "email_id", "message_id"),
            campaign_id=text(own, "campaign_id"),
            channel=channel_of(own) or "email",
        )

    return mailed


TRANSLATIONS: dict[str, Callable[[Collector, Track], None]] = {
    "product list viewed": _list_viewed,
    "product list filtered": _list_viewed,
    "product clicked": _product_clicked,
    "promotion viewed": _promotion_viewed,
    "promotion clicked": _promotion_clicked,
    "experiment viewed": _experiment_viewed,
    "live chat message received": _assistant_answered,
    "email delivered": _mailed("message_sent"),
    "email opened": _mailed("message_opened"),
    "email link clicked": _mailed("message_clicked"),
    "surface shown": _surface_shown,
    "surface clicked": _surface_clicked,
    "assistant answered": _assistant_answered,
}
"""An event's name in small letters, and what is made of it."""
