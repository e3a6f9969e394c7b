"""What surfaces show, answer and send, and who clicks on it.

Clicks depend on the arm's click rate and on whether the visitor is ready to buy, which no arm changes; so the
click rates of arms stand in exactly the declared ratio.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from counterclick.events.schema import SHOWN_ITEM
from counterclick.simulate.arms import Reached
from counterclick.simulate.arrays import SECOND, Bools, Ints, ids, items_in, lists, place_in, seconds
from counterclick.simulate.catalogue import Catalogue
from counterclick.simulate.events_table import Block, Columns
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import DAY, Visitors, Visits, device, first_midnight

__all__ = ["exposed", "shown"]

SHOWN = 3  # items in a list
FOLLOWS_UP = 0.4  # share of conversations with a second answer
OPENS_ONLY = 0.25  # share of messages opened, but not clicked
WEEK = 7 * DAY


def exposed(who: Visitors, seen: Visits, met: Reached) -> list[Block]:
    """Return the exposures to one experiment: one per visitor, at first eligibility, in every arm alike."""
    visitor = seen.visitor[met.visit[met.first]]
    arm = met.arm[met.first]
    columns = {
        "visitor_id": who.visitor_id.take(pa.array(visitor)),
        "device": device(who, visitor),
        "country": "DE",
        "experiment": met.surface.experiment,
        "surface": met.surface.name,
        **_arm_columns(met, arm),
    }
    return [Block("exposure", met.at[met.first], columns)]


def shown(
    truth: ShopTruth,
    who: Visitors,
    seen: Visits,
    met: Reached,
    ready: Bools,
    goods: Catalogue,
    *,
    seed: int,
    rng: np.random.Generator,
) -> list[Block]:
    """Return what one surface shows in the arms that engage, and the clicks on it.

    Args:
        truth: the shop.
        who: its visitors.
        seen: its visits.
        met: the visits in which the surface is met.
        ready: visits whose visitor is ready to buy whatever the arms, shape (visits,).
        goods: the catalogue.
        seed: part of the ids of conversations and messages.
        rng: the source of chance.
    """
    engages = np.array([arm.engages for arm in met.surface.arms.values()])[met.arm]
    if met.surface.kind == "message":
        engages &= met.first
    met = replace(met, visit=met.visit[engages], arm=met.arm[engages], at=met.at[engages], first=met.first[engages])
    effects = np.array([arm.clicks for arm in met.surface.arms.values()])
    rate = met.surface.click_rate * (1 + effects[met.arm])
    rate = rate * np.where(ready[met.visit], met.surface.before_order, 1.0)
    clicks = rng.random(len(met.visit)) < rate
    if met.surface.kind == "assistant":
        return _answers(truth, who, seen, met, clicks, goods, seed=seed, rng=rng)
    if met.surface.kind == "message":
        return _messages(truth, who, seen, met, clicks, goods, seed=seed, rng=rng)
    return _lists(who, seen, met, clicks, goods, rng)


def _lists(
    who: Visitors, seen: Visits, met: Reached, clicks: Bools, goods: Catalogue, rng: np.random.Generator
) -> list[Block]:
    n = len(met.visit)
    wanted = seen.product[met.visit]
    counts = np.full(n, SHOWN, dtype=np.int64)
    place = place_in(counts)
    target = np.repeat(wanted, SHOWN)
    in_cart = met.surface.eligibility == "cart"
    if in_cart:  # the treatment shows what goes with the cart, any other arm what sells anyway
        fits = met.arm == list(met.surface.arms).index(met.surface.treatment)
        item = np.where(np.repeat(fits, SHOWN), goods.companion(target, place + 1), goods.wanted(n * SHOWN, rng))
    else:  # what the visitor has in mind stands first or further down
        item = np.where(place == np.repeat(rng.integers(0, SHOWN, n), SHOWN), target, goods.wanted(n * SHOWN, rng))
    items = pa.StructArray.from_arrays(
        [goods.product_id.take(pa.array(item)), pa.array(place + 1, pa.int32())], fields=list(SHOWN_ITEM)
    )
    clicked = np.flatnonzero(clicks)
    choice = rng.integers(0, SHOWN, len(clicked))
    visitor_id = who.visitor_id.take(pa.array(seen.visitor[met.visit]))
    view = {
        "visitor_id": visitor_id,
        "surface": met.surface.name,
        "channel": "onsite",
        "items": lists(counts, items),
        **_arm_columns(met, met.arm),
    }
    select = {
        "visitor_id": visitor_id.take(pa.array(clicked)),
        "surface": met.surface.name,
        "channel": "onsite",
        "product_id": goods.product_id.take(pa.array(item[clicked * SHOWN + choice])),
        "position": pa.array(choice + 1, pa.int32()),
    }
    return [
        Block("view_item_list", met.at + SECOND, view),
        Block("select_item", met.at[clicked] + seconds(rng, 3, 30, len(clicked)), select),
    ]


def _answers(
    truth: ShopTruth,
    who: Visitors,
    seen: Visits,
    met: Reached,
    asks: Bools,
    goods: Catalogue,
    *,
    seed: int,
    rng: np.random.Generator,
) -> list[Block]:
    asked = np.flatnonzero(asks)
    n_answers = 1 + (rng.random(len(asked)) < FOLLOWS_UP).astype(np.int64)
    conversation = asked[items_in(n_answers)]
    visit, n = met.visit[conversation], len(conversation)
    outcome = rng.random(n)
    unanswered = outcome < truth.unanswered
    escalated = ~unanswered & (outcome < truth.unanswered + truth.escalated)
    matched = np.where(unanswered, 0, rng.integers(1, 4, n))
    product = goods.companion(np.repeat(seen.product[visit], matched), place_in(matched))
    at = met.at[conversation] + place_in(n_answers) * 40 * SECOND + seconds(rng, 5, 25, n)
    columns = {
        "visitor_id": who.visitor_id.take(pa.array(seen.visitor[visit])),
        "surface": met.surface.name,
        "channel": "onsite",
        "conversation_id": ids(f"s{seed}-{met.surface.name}-", visit),
        "matched_products": lists(matched, goods.product_id.take(pa.array(product))),
        "escalated": pa.array(escalated),
        "could_not_answer": pa.array(unanswered),
    }
    return [Block("assistant_answer", at, columns)]


def _messages(
    truth: ShopTruth,
    who: Visitors,
    seen: Visits,
    met: Reached,
    clicks: Bools,
    goods: Catalogue,
    *,
    seed: int,
    rng: np.random.Generator,
) -> list[Block]:
    visitor = seen.visitor[met.visit]
    opens = clicks | (rng.random(len(visitor)) < OPENS_ONLY)
    week = (who.day[visitor] - first_midnight(truth)) // WEEK + 1
    sent: dict[str, pa.Array] = {
        "visitor_id": who.visitor_id.take(pa.array(visitor)),
        "customer_id": who.customer_id.take(pa.array(visitor)),
        "message_id": ids(f"s{seed}-{met.surface.name}-", visitor),
        "campaign_id": ids("week-", week),
    }

    def of(which: Ints) -> Columns:
        chosen = {name: column.take(pa.array(which)) for name, column in sent.items()}
        return {**chosen, "surface": met.surface.name, "channel": "email"}

    opened, clicked = np.flatnonzero(opens), np.flatnonzero(clicks)
    product = goods.product_id.take(pa.array(seen.product[met.visit[clicked]]))
    visit_at = seen.at[met.visit]  # a click leads to the visit; sent and opened before it, in the same morning
    return [
        Block("message_sent", met.at, of(np.arange(len(visitor), dtype=np.int64))),
        Block("message_opened", visit_at[opened] - seconds(rng, 20, 300, len(opened)), of(opened)),
        Block("message_clicked", visit_at[clicked] - 2 * SECOND, {**of(clicked), "product_id": product}),
    ]


def _arm_columns(met: Reached, arm: Ints) -> dict[str, pa.Array]:
    """Return variant, policy and propensity of each arm, shape (n,); the variant is the policy."""
    names, shares = pa.array(met.surface.shares), pa.array(met.surface.shares.values(), pa.float64())
    variant = names.take(pa.array(arm))
    return {"variant": variant, "policy": variant, "propensity": shares.take(pa.array(arm))}
