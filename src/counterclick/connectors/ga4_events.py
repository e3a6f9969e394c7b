"""What GA4's events say: `TRANSLATIONS`, by their names; everything else is skipped and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from counterclick.config import ChatConfig
from counterclick.connectors.browsers import path_of
from counterclick.connectors.chat import answered
from counterclick.connectors.goods import GoodsNames, lines_of, purchased, returned, shown
from counterclick.connectors.payload import (
    Collector,
    amount,
    needed,
    number,
    quantity,
    text,
    whole,
)
from counterclick.events.rejection import Reason

__all__ = ["TRANSLATIONS", "Hit"]

NAMES = GoodsNames(product=("item_id", "id"), position=("index",), first=0)
LISTS = ("surface", "item_list_id", "item_list_name")
PROMOTIONS = ("surface", "promotion_id", "creative_slot", "promotion_name")
_CHAT = ChatConfig(surface="chat")


@dataclass(frozen=True, slots=True)
class Hit:
    """One event of GA4.

    Attributes:
        params: its parameters; of the export's ``ecommerce`` what they do not say.
        items: its products.
        shared: the fields that every event has.
    """

    params: Mapping[str, Any]
    items: list[Any]
    shared: Mapping[str, Any]

    def visitor(self) -> str:
        """Return who it happened to.

        Raises:
            Untranslatable: nobody is named.
        """
        visitor: str | None = self.shared["visitor_id"]
        return needed(visitor, "client_id", "it says who saw it, and is what experiments assign")

    def currency(self) -> str | None:
        """Return the ISO code in capitals, of the event or of its first item."""
        first = self.items[0] if self.items and isinstance(self.items[0], dict) else {}
        code = text(self.params, "currency") or text(first, "currency")
        return None if code is None else code.upper()

    def surface_of(self, item: Any, names: tuple[str, ...]) -> str | None:
        """Return the place that showed an item; what it says itself goes before what the event says."""
        own = {name: item[name] for name in names if item.get(name)} if isinstance(item, dict) else {}
        return text({**{name: self.params.get(name) for name in names}, **own}, *names)

    def by_surface(self, names: tuple[str, ...]) -> dict[str | None, list[Any]]:
        """Return the items by the place that showed them."""
        groups: dict[str | None, list[Any]] = {}
        for item in self.items:
            groups.setdefault(self.surface_of(item, names), []).append(item)
        return groups or {self.surface_of(None, names): []}


def _purchase(collector: Collector, hit: Hit) -> None:
    own = hit.params
    lines = lines_of(collector, "purchase", hit.items, NAMES)
    collector.body(
        "purchase",
        hit.shared,
        purchased(amount(own, "value"), lines, None),
        order_id=needed(text(own, "transaction_id"), "transaction_id"),
        tax=collector.given("purchase", amount, own, "tax"),
        shipping=collector.given("purchase", amount, own, "shipping"),
        currency=hit.currency(),
    )


def _refund(collector: Collector, hit: Hit) -> None:
    """Items make it partial; else its value is what went back; without either it is of the whole order."""
    own = hit.params
    order = needed(text(own, "transaction_id"), "transaction_id")
    lines = returned(collector, "refund", hit.items, NAMES, priced=False)
    if hit.items and not lines:
        return
    given_back = None if lines else amount(own, "value")
    if given_back == 0:
        collector.skip("refund of nothing")
        return
    collector.body("refund", hit.shared, order_id=order, lines=lines or None, amount=given_back, currency=hit.currency())


def _shown(names: tuple[str, ...]) -> Callable[[Collector, Hit], None]:
    def listed(collector: Collector, hit: Hit) -> None:
        visitor = hit.visitor()
        for surface, items in hit.by_surface(names).items():
            if surface is None:
                collector.skip(f"a list without {names[1]}")
                continue
            collector.body(
                "view_item_list",
                hit.shared,
                visitor_id=visitor,
                surface=surface,
                items=[] if names == PROMOTIONS and not _named(items) else shown(collector, "list", items, NAMES),
                policy=collector.given("policy", text, hit.params, "policy"),
                variant=collector.given("variant", text, hit.params, "variant"),
                propensity=collector.given("propensity", number, hit.params, "propensity"),
            )

    return listed


def _named(items: list[Any]) -> bool:
    """Say whether the items of a promotion are products: often they name nothing but the promotion."""
    return any(isinstance(item, dict) and any(item.get(name) for name in NAMES.product) for item in items)


def _clicked(names: tuple[str, ...]) -> Callable[[Collector, Hit], None]:
    def clicked(collector: Collector, hit: Hit) -> None:
        visitor = hit.visitor()
        for surface, items in hit.by_surface(names).items():
            if surface is None:
                collector.skip(f"a click without {names[1]}")
                continue
            products = items if names == LISTS or _named(items) else []
            for item in products or [{}]:
                with collector.refusing("click"):
                    product = _product(item)
                    place = None if product is None else collector.given("click", whole, item, "index")
                    if names == LISTS:
                        needed(product, "item_id")
                    collector.body(
                        "select_item",
                        hit.shared,
                        visitor_id=visitor,
                        surface=surface,
                        product_id=product,
                        position=None if place is None or place < 0 else place + 1,
                    )

    return clicked


def _product(item: Any) -> str | None:
    return text(item if isinstance(item, dict) else {}, *NAMES.product)


def _viewed(collector: Collector, hit: Hit) -> None:
    visitor = hit.visitor()
    _any_item(collector, hit, "view_item")
    for item in hit.items:
        with collector.refusing("view_item"):
            product = needed(_product(item), "item_id")
            collector.body("view_item", hit.shared, visitor_id=visitor, product_id=product)


def _any_item(collector: Collector, hit: Hit, name: str) -> None:
    if not hit.items:
        collector.refuse(Reason.MISSING_FIELD, f"{name}: items is missing")


def _moved(kind: str) -> Callable[[Collector, Hit], None]:
    def moved(collector: Collector, hit: Hit) -> None:
        visitor, currency = hit.visitor(), hit.currency()
        _any_item(collector, hit, kind)
        for item in hit.items:
            with collector.refusing(kind):
                product = needed(_product(item), "item_id")
                collector.body(
                    kind,
                    hit.shared,
                    visitor_id=visitor,
                    product_id=product,
                    quantity=quantity(item, "quantity"),
                    unit_price=needed(amount(item, "price"), "price", "carts are counted in money"),
                    currency=currency,
                    surface=hit.surface_of(item, LISTS) if kind == "add_to_cart" else None,
                )

    return moved


def _checkout(collector: Collector, hit: Hit) -> None:
    value = amount(hit.params, "value")
    if value is None:
        lines = lines_of(collector, "begin_checkout", hit.items, NAMES)
        value = lines.worth if lines.lines and lines.complete else None
    collector.body("begin_checkout", hit.shared, visitor_id=hit.visitor(), value=value, currency=hit.currency())


def _page(collector: Collector, hit: Hit) -> None:
    own = hit.params
    page = path_of(own.get("page_location")) or path_of(own.get("page_path"))
    page = page or collector.given("page_view", text, own, "screen_name", "firebase_screen")
    collector.body("page_view", hit.shared, visitor_id=hit.visitor(), page=page)


def _known(collector: Collector, hit: Hit) -> None:
    if hit.shared["visitor_id"] is None or hit.shared["customer_id"] is None:
        collector.skip("login of one id")
        return
    collector.body("identify", hit.shared)


def _exposure(collector: Collector, hit: Hit) -> None:
    own = hit.params
    collector.body(
        "exposure",
        hit.shared,
        visitor_id=hit.visitor(),
        experiment=needed(text(own, "experiment", "experiment_id"), "experiment"),
        variant=needed(text(own, "variant", "variation_id"), "variant"),
        surface=collector.given("exposure", text, own, "surface"),
        policy=collector.given("exposure", text, own, "policy"),
        propensity=collector.given("exposure", number, own, "propensity"),
    )


def _answer(collector: Collector, hit: Hit) -> None:
    """Parameters hold no lists: products that matched are the event's items, or a text with commas."""
    hit.visitor()
    matched = hit.params.get("matched_products")
    products: Any = matched.split(",") if isinstance(matched, str) else matched
    said_of_it = {**hit.params, "matched_products": _identified(hit.items) if hit.items else products}
    answered(collector, said_of_it, hit.shared, _CHAT, surface=text(hit.params, "surface"))


def _identified(items: list[Any]) -> list[Any]:
    return [_product(item) for item in items]


TRANSLATIONS: dict[str, Callable[[Collector, Hit], None]] = {
    "page_view": _page,
    "screen_view": _page,
    "view_item_list": _shown(LISTS),
    "view_promotion": _shown(PROMOTIONS),
    "select_item": _clicked(LISTS),
    "select_promotion": _clicked(PROMOTIONS),
    "view_item": _viewed,
    "add_to_cart": _moved("add_to_cart"),
    "remove_from_cart": _moved("remove_from_cart"),
    "begin_checkout": _checkout,
    "purchase": _purchase,
    "refund": _refund,
    "login": _known,
    "sign_up": _known,
    "exposure": _exposure,
    "assistant_answer": _answer,
}
"""GA4's name of an event, or ours for what GA4 has none for, and what is made of it."""
