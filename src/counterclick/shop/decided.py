"""What a surface shows a visitor who was assigned: what a policy of this product offers, or the shop's own system."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from counterclick.config import AI, NOTHING, Config, Rules
from counterclick.connectors.shopify.attributes import DECISION, SURFACE
from counterclick.decisions.policy import Ask, Decides, Decision, Explores, Policy
from counterclick.errors import InputError
from counterclick.events.vocabulary import DecisionMade, ShownItem
from counterclick.shop.deciding import Assigned

__all__ = ["CART_LINES", "ask_of", "decision_of", "event_of", "policies", "policy_asked", "policy_of"]

CART_LINES = 10_000
"""Lines of a cart at most."""
_COUNTED = 100
"""Different products of a cart that speak for others, the newest: a cart of more is no choice of a single buyer."""


def policies() -> Collection[str]:
    """Return the names of this product's policies; they are loaded when somebody first asks for a decision."""
    from counterclick.decisions.made import POLICIES  # noqa: PLC0415 - they bring the tables with them

    return POLICIES.keys()


def policy_of(name: str, config: Config, rules: Rules) -> Policy:
    """Return one of this product's policies by its name, before it has learnt."""
    from counterclick.decisions.made import POLICIES, given_by  # noqa: PLC0415 - they bring the tables with them

    return POLICIES[name](given_by(config, rules))


def policy_asked(found: Assigned) -> str | None:
    """Return which policy of this product decides for a visitor; None where nobody does, or the shop's own system."""
    ours = found.experiment is not None and found.policy in policies() and found.variant != AI
    return found.policy if ours else None


def ask_of(surface: str, who: str, cart: Iterable[str], most: int) -> Ask:
    """Return what a surface asks; of a cart of many products the newest count, and none of the others is offered.

    Args:
        surface: which.
        who: as whom the visitor is known.
        cart: products in the cart, the newest last.
        most: offers wanted at most.

    Raises:
        InputError: the cart has more lines than a cart has.
    """
    lines = tuple(cart)
    if len(lines) > CART_LINES:
        raise InputError(f"a cart has at most {CART_LINES:,} lines; this one has {len(lines):,}. Ask with the newest ones.")
    newest = tuple(dict.fromkeys(reversed(lines)))
    counted = tuple(reversed(newest[:_COUNTED]))
    return Ask(surface, who, counted, most, frozenset(newest[_COUNTED:]), explores=True)


def decision_of(
    found: Assigned, ask: Ask, policy: Decides | None, decision_id: str = "", *, in_time: bool = True
) -> Decision:
    """Return the decision of what a visitor was assigned to.

    Args:
        found: what the visitor gets.
        ask: what the surface asks.
        policy: what serves for the one that `policy_asked` names.
        decision_id: by which it is known.
        in_time: whether the policy itself serves; false where it took too long.
    """
    told = Decision(ask.surface, (), found.because, found.policy, found.experiment, found.variant, found.propensity)
    told = replace(told, decision_id=decision_id, in_time=in_time)
    if found.experiment is None:
        return told
    if policy is None:
        says = found.because or f"{found.policy!r} is no policy of this product: the shop's own system serves it"
        return replace(told, because=says, served_here=False)
    offers, scores, because = policy.decide(ask)
    chances = policy.propensities(ask, offers) if isinstance(policy, Explores) else (1.0,) * len(offers)
    if ask.besides and offers:
        n_all = len(ask.cart) + len(ask.besides)
        because = f"{because}; of the {n_all:,} products in the cart the newest {len(ask.cart)} count"
    mark = {SURFACE: ask.surface, DECISION: decision_id} if offers else {}
    because = found.because or because
    return replace(told, offers=offers, because=because, scores=scores, propensities=chances, mark=mark)


def event_of(decision: Decision, who: str) -> list[DecisionMade]:
    """Return the event that tells of a decision, where a policy of this product made it; `nothing` tells nothing.

    Args:
        decision: which.
        who: as whom the visitor is known.
    """
    if decision.experiment is None or not decision.served_here or decision.policy == NOTHING:
        return []
    details = {"because": decision.because, "propensities": decision.propensities, "in_time": decision.in_time}
    made = DecisionMade(
        event_id=decision.decision_id,
        occurred_at=datetime.now(UTC),
        visitor_id=who,
        surface=decision.surface,
        policy=decision.policy,
        items=tuple(ShownItem(product_id=offer, position=n) for n, offer in enumerate(decision.offers, 1)),
        experiment=decision.experiment,
        variant=decision.variant,
        propensity=decision.propensity,
        details=json.dumps(details, ensure_ascii=False),
    )
    return [made]
