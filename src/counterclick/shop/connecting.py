"""Connecting a Shopify store: each step for its owner, and what of it can be seen to be done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import duckdb

from counterclick.config import Config
from counterclick.connectors.shopify.compliance import ASKED
from counterclick.display import Grid, Shown, count, percent
from counterclick.shop.keys import Keys
from counterclick.shop.shopify import Deliveries, ShopifyStore
from counterclick.store import Store

__all__ = ["Connection", "State", "Step", "connection_of"]

State = Literal["done", "missing", "cannot be known"]
TOPICS: Mapping[str, str] = {
    "orders/create": "orders",
    "orders/updated": "orders that were edited, and carts that arrive late",
    "orders/cancelled": "cancellations",
    "refunds/create": "returns",
    "products/create": "the catalogue",
    "products/update": "the catalogue",
    "inventory_items/update": "costs, for margins",
}
"""Topic -> what it is for; a store needs them all."""
_SCOPES = "read_orders, read_products, read_inventory, write_pixels, read_customer_events"
_COMPLIANCE = tuple(topic for topic in ASKED if not topic.startswith("app/"))
_WEBHOOK = "/webhooks/shopify"
_SHOWN = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of connecting.

    Attributes:
        name: what it is about.
        instruction: what its owner is to do.
        state: what can be seen of it; None where nobody looked.
        seen: what was seen.
    """

    name: str
    instruction: str
    state: State | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Connection(Shown):
    """The steps, in their order."""

    steps: tuple[Step, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no step is missing."""
        return all(step.state != "missing" for step in self.steps)

    def grids(self) -> list[Grid]:
        """Return the steps, with what was seen of them where somebody looked."""
        if all(step.state is None for step in self.steps):
            rows = [(f"{number}", step.name, step.instruction) for number, step in enumerate(self.steps, 1)]
            note = "`counterclick connect shopify --verify` says which of them are done."
            return [Grid("Connecting a Shopify store", ("no.", "step", "what to do"), rows, (note,), left=3)]
        looked = []
        for number, step in enumerate(self.steps, 1):
            says = step.seen if step.state == "done" else f"{step.seen} {step.instruction}"
            looked.append((f"{number}", step.name, step.state or "", says))
        return [Grid("Connecting a Shopify store", ("no.", "step", "state", "what was seen, or is to do"), looked, left=4)]


def connection_of(
    store: Store, config: Config, *, verifying: bool, address: str | None = None, answers: str | None = None
) -> Connection:
    """Return the steps by which a Shopify store is connected.

    Args:
        store: of the shop.
        config: the shop's.
        verifying: whether to look what of them is done.
        address: of the server, as Shopify reaches it.
        answers: how the server answered there: empty if it is ready, else what is wrong; None where nobody asked.
    """
    base = (address or "https://YOUR-ADDRESS").rstrip("/")
    place = f"{base}{_WEBHOOK}"
    secret = config.shopify.secret_env if config.shopify else "SHOPIFY_CLIENT_SECRET"
    steps = [
        Step("shop.toml", 'Write [shopify] with domain = "name.myshopify.com" into shop.toml.'),
        Step("app", f"In Shopify's admin: Settings, Apps, Develop apps: make an app with the scopes {_SCOPES}."),
        Step("secret", f"Set {secret} to the app's client secret where `counterclick serve` runs."),
        Step("server", f"Run `counterclick serve` behind TLS, so that Shopify reaches {place}."),
        *(
            Step(f"webhook {topic}", f"Subscribe the app to it, as JSON, at the server's address: {what}.")
            for topic, what in TOPICS.items()
        ),
        Step("compliance webhooks", f"In the app's settings, name {place} for {', '.join(_COMPLIANCE)}."),
        Step("signatures", f"What the app's secret did not sign is refused: {secret} must be the secret of the same app."),
        Step(
            "key", "`counterclick keys new browser --name storefront` makes the key that stands in pages and in the pixel."
        ),
        Step("pages", 'Write the shop\'s address into shop.toml: [serve] origins = ["https://www.shop.example"].'),
        Step("pixel", f"In Settings, Customer events: add a custom pixel with what {base}/pixel.js shows, and that key."),
        Step("consent", "Give the pixel the permission Analytics: it says what the buyer allows, which becomes `consent`."),
        Step(
            "assignment",
            f"Put {base}/cc.js into theme.liquid: it writes the visitor into the cart as the attribute _cc_visitor, its "
            "arms as _cc_arm_EXPERIMENT.",
        ),
        Step("costs", "Enter costs of products in Shopify, or margin_rate in [shop]: margins need one of them."),
    ]
    if not verifying:
        return Connection(tuple(steps))
    seen = store.ask(_seen)
    deliveries = ShopifyStore(store.folder, config).deliveries()
    found = [
        _declared(config),
        _unknown("Shopify alone knows its scopes; deliveries below show what they allow."),
        _done("it is set for this process.") if os.environ.get(secret) else _missing("it is not set for this process."),
        _answering(answers),
        *(_delivered(deliveries, topic) for topic in TOPICS),
        _asked(deliveries),
        _signed(deliveries),
        _keyed(Keys(store)),
        _named(config),
        _browsed(seen),
        _consented(seen),
        _assigned(seen),
        _costed(seen, config),
    ]
    return Connection(
        tuple(Step(step.name, step.instruction, state, says) for step, (state, says) in zip(steps, found, strict=True))
    )


_Found = tuple[State, str]


def _done(says: str) -> _Found:
    return "done", _sentence(says)


def _missing(says: str) -> _Found:
    return "missing", _sentence(says)


def _unknown(says: str) -> _Found:
    return "cannot be known", _sentence(says)


def _sentence(says: str) -> str:
    return says[:1].upper() + says[1:]


def _declared(config: Config) -> _Found:
    if config.shopify is None or config.shopify.domain is None:
        return _missing("no domain is declared.")
    return _done(f"{config.shopify.domain} is declared.")


def _answering(answers: str | None) -> _Found:
    if answers is None:
        return _unknown("name its address to have it asked: `counterclick connect shopify https://... --verify`.")
    return _missing(answers) if answers else _done("it is ready.")


def _delivered(deliveries: Deliveries, topic: str) -> _Found:
    told = deliveries.topics.get(topic)
    if told is None:
        return _missing("none has come.")
    return _done(f"{count(told.n)} came, the first on {told.first_at:{_SHOWN}}, the last on {told.last_at:{_SHOWN}} (UTC).")


def _asked(deliveries: Deliveries) -> _Found:
    n = sum(deliveries.topics[topic].n for topic in ASKED if topic in deliveries.topics)
    return _done(f"{count(n)} came.") if n else _unknown("none has come, which is usual.")


def _signed(deliveries: Deliveries) -> _Found:
    n, refused = sum(told.n for told in deliveries.topics.values()), deliveries.refused
    if refused is None:
        return _done(f"{count(n)} deliveries were signed, and none was refused.") if n else _unknown("nothing has come.")
    says = f"{count(refused.n)} were refused, the last on {refused.last_at:{_SHOWN}} (UTC); {count(n)} were signed."
    last = max((told.last_at for told in deliveries.topics.values()), default=None)
    return _missing(says) if last is None or last < refused.last_at else _done(says)


def _keyed(keys: Keys) -> _Found:
    now = datetime.now(UTC)
    n = sum(key.may == "browser" and key.holds(now) for key in keys.all().keys)
    return _done(f"{count(n)} may stand in pages.") if n else _missing("there is none that may stand in pages.")


def _named(config: Config) -> _Found:
    origins = config.serve.origins
    return _done(f"{', '.join(origins)} may ask.") if origins else _missing("no page may ask.")


def _browsed(seen: Mapping[str, Any]) -> _Found:
    if not seen["n_browsed"]:
        return _missing("no page, product or cart of a buyer has come.")
    return _done(f"{count(seen['n_browsed'])} came, the last of {seen['browsed_on']}.")


def _consented(seen: Mapping[str, Any]) -> _Found:
    if not seen["n_browsed"]:
        return _unknown("nothing has come.")
    if not seen["n_consent"]:
        return _missing("no event says whether its visitor allowed analytics.")
    return _done(f"{percent(seen['n_consent'] / seen['n_browsed'])} of events say it.")


def _assigned(seen: Mapping[str, Any]) -> _Found:
    if not seen["n_orders"]:
        return _unknown("no order has come.")
    says = f"{count(seen['n_known'])} of {count(seen['n_orders'])} orders name their visitor."
    return _done(says) if seen["n_known"] else _missing(says)


def _costed(seen: Mapping[str, Any], config: Config) -> _Found:
    if config.shop.margin_rate is not None:
        return _done(f"margin_rate is {config.shop.margin_rate:g}.")
    if not seen["n_lines"]:
        return _unknown("no order with lines has come.")
    says = f"{count(seen['n_costed'])} of {count(seen['n_lines'])} sold lines know their cost."
    return _done(says) if seen["n_costed"] else _missing(says)


def _seen(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what the log knows of Shopify's orders and of what buyers do."""
    browsed = "kind IN ('page_view', 'view_item', 'view_item_list', 'add_to_cart')"
    orders = "kind = 'purchase' AND starts_with(event_id, 'shopify_order_')"
    row = connection.execute(f"""
        SELECT count(*) FILTER ({browsed}) AS n_browsed, max(occurred_at) FILTER ({browsed})::TIMESTAMP::DATE AS browsed_on,
            count(*) FILTER ({browsed} AND consent IS NOT NULL) AS n_consent, count(*) FILTER ({orders}) AS n_orders,
            count(*) FILTER ({orders} AND visitor_id IS NOT NULL) AS n_known,
            coalesce(sum(len(lines)) FILTER ({orders}), 0) AS n_lines,
            coalesce(sum(len(list_filter(lines, lambda l: l.unit_cost IS NOT NULL))) FILTER ({orders}), 0) AS n_costed
        FROM events""")
    names = [column[0] for column in row.description or ()]
    return dict(zip(names, row.fetchone() or (), strict=True))
