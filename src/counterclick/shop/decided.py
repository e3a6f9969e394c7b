"""What a surface shows a visitor who was assigned: what a policy of this product offers, or the shop's own system."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from counterclick.config import AI, NOTHING, Config, Rules, base_of, varied
from counterclick.connectors.shopify.attributes import DECISION, SURFACE
from counterclick.decisions.policy import (
    Ask,
    CartLine,
    Decides,
    Decision,
    Draws,
    Explores,
    Lots,
    Offered,
    Orders,
    Policy,
    Scores,
    as_they_came,
)
from counterclick.errors import InputError
from counterclick.events.redaction import scrubbed
from counterclick.events.vocabulary import DecisionMade, Exposure, ShownItem
from counterclick.shop.deciding import Assigned

__all__ = [
    "CANDIDATES",
    "CART_LINES",
    "RETURNS",
    "Decided",
    "ask_of",
    "decided",
    "policies",
    "policies_of",
    "policy_asked",
    "policy_of",
    "scores_baskets",
]

RETURNS = "returns"
"""Name of the policy that scores baskets."""
CART_LINES = 10_000
"""Lines of a cart at most."""
CANDIDATES = 500
"""Products that are put in order at once, at most."""
_LONGEST = 200
"""Characters of an id at most."""
_COUNTED = 100
"""Different products of a cart that speak for others, the newest: a cart of more is no choice of a single buyer."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and what is recorded of it before it is shown.

    Attributes:
        decision: what is answered.
        exposures: that the visitor is eligible.
        made: the decision's own event; none where no policy of this product decided anything.
    """

    decision: Decision
    exposures: tuple[Exposure, ...]
    made: tuple[DecisionMade, ...]


def policies() -> Collection[str]:
    """Return the names of this product's policies; they are loaded when somebody first asks for a decision."""
    from counterclick.decisions.made import POLICIES  # noqa: PLC0415 - they bring the tables with them

    return POLICIES.keys()


def policies_of(config: Config) -> tuple[str, ...]:
    """Return the names of the policies, and of those that an experiment lets decide by other settings."""
    own = policies()
    settings = (variant for experiment in config.experiments.values() for variant in experiment.settings)
    return tuple(dict.fromkeys([*own, *(variant for variant in settings if base_of(variant) in own)]))


def policy_of(name: str, config: Config, rules: Rules) -> Policy:
    """Return one of this product's policies by its name, before it has learnt, by the settings that hold for it.

    Raises:
        ConfigError: what its experiment lets it set otherwise cannot be.
        UnknownNameError: the same, of a name.
    """
    from counterclick.decisions.made import POLICIES, given_by  # noqa: PLC0415 - they bring the tables with them

    base, config, rules = varied(name, config, rules)
    return POLICIES[base](given_by(config, rules))


def policy_asked(found: Assigned, config: Config) -> str | None:
    """Return which policy of this product decides for a visitor; None where nobody does, or the shop's own system.

    Where an experiment has the arm ``returns``, that policy is asked for every arm: it says which baskets are eligible.
    """
    if scores_baskets(found.experiment, config):
        return RETURNS
    ours = found.experiment is not None and found.policy in policies_of(config) and found.variant != AI
    return found.policy if ours else None


def scores_baskets(experiment: str | None, config: Config) -> bool:
    """Say whether an experiment nudges baskets: then only who has a flagged one is eligible, in whatever arm."""
    declared = config.experiments.get(experiment or "")
    return declared is not None and RETURNS in declared.variants


def ask_of(
    surface: str,
    who: str,
    cart: Iterable[str | CartLine],
    most: int,
    customer: str | None = None,
    payment: str | None = None,
    candidates: Iterable[str] = (),
    query: str | None = None,
    category: str | None = None,
) -> Ask:
    """Return what a surface asks; of a cart of many products the newest count, and none of the others is offered.

    Args:
        surface: which.
        who: as whom the visitor is known.
        cart: products in the cart, or lines that say more of them, the newest last.
        most: offers wanted at most.
        customer: who is signed in, where that is known.
        payment: how it will be paid, in the shop's own words.
        candidates: products that are to be put in order, as they came.
        query: what was searched for.
        category: whose page it is.

    Raises:
        InputError: the cart has more lines than a cart has, or the candidates are too many, or one of them is there twice.
    """
    lines = tuple(CartLine(each) if isinstance(each, str) else each for each in cart)
    if len(lines) > CART_LINES:
        raise InputError(f"a cart has at most {CART_LINES:,} lines; this one has {len(lines):,}. Ask with the newest ones.")
    newest = tuple(dict.fromkeys(line.product for line in reversed(lines)))
    counted, besides = tuple(reversed(newest[:_COUNTED])), frozenset(newest[_COUNTED:])
    own = tuple(line for line in lines if line.product not in besides)
    listed = _each_once(tuple(candidates))
    return Ask(surface, who, counted, most, besides, True, own, customer, payment, listed, query, category)


def _each_once(candidates: tuple[str, ...]) -> tuple[str, ...]:
    if len(candidates) > CANDIDATES:
        says = f"at most {CANDIDATES} candidates are put in order at once; these are {len(candidates):,}"
        raise InputError(f"{says}. Ask with those that may be seen.")
    if len({*candidates}) < len(candidates):
        twice = next(each for n, each in enumerate(candidates) if each in candidates[:n])
        raise InputError(f"each candidate stands there once; {twice[:60]!r} does twice.")
    if not all(0 < len(each) <= _LONGEST for each in candidates):
        raise InputError(f"a candidate is a product's id, of 1 to {_LONGEST} characters.")
    return candidates


def decided(
    found: Assigned, ask: Ask, policy: Decides | None, config: Config, decision_id: str = "", *, in_time: bool = True
) -> Decided:
    """Return the decision of what a visitor was assigned to, and what is recorded of it.

    Args:
        found: what the visitor gets.
        ask: what the surface asks.
        policy: what serves for the one that `policy_asked` names.
        config: what ``shop.toml`` declares.
        decision_id: by which it is known.
        in_time: whether the policy itself serves; false where it took too long.
    """
    if scores_baskets(found.experiment, config) and isinstance(policy, Scores):
        return _scored(found, ask, policy, config, decision_id, in_time=in_time)
    decision = _told(found, ask, policy, decision_id, in_time=in_time)
    if decision.experiment is None or not decision.served_here or decision.policy == NOTHING:
        return Decided(decision, found.exposures, ())
    items = tuple(ShownItem(product_id=offer, position=n) for n, offer in enumerate(decision.offers, 1))
    return Decided(
        decision, found.exposures, (_made(found, ask, decision, found.policy, _asked(ask, policy, decision), items),)
    )


def _asked(ask: Ask, policy: Decides | None, decision: Decision) -> dict[str, Any]:
    """Return what was asked, and what offers were drawn from: another policy is weighed by it later."""
    if ask.candidates:
        told = {"query": ask.query, "category": ask.category}
        return {name: scrubbed(said) for name, said in told.items() if said is not None} | {"n_drawn": decision.n_drawn}
    asked: dict[str, Any] = {"cart": [scrubbed(product) for product in ask.cart], "most": ask.most}
    lots = policy.lots(ask) if isinstance(policy, Draws) else Lots()
    return asked | ({"candidates": lots.candidates, "explore": lots.share} if lots.candidates else {})


def _told(found: Assigned, ask: Ask, policy: Decides | None, decision_id: str, *, in_time: bool) -> Decision:
    """Return the decision where everybody who asks is eligible."""
    told = _begun(found, ask, decision_id, in_time=in_time)
    if ask.candidates:
        offers, scores, because = as_they_came(ask, found.because)
        told = replace(told, offers=offers, scores=scores, propensities=(1.0,) * len(offers), because=because)
    if found.experiment is None:
        return told
    if policy is None:
        says = found.because or f"{found.policy!r} is no policy of this product: the shop's own system serves it"
        return replace(told, because=says, served_here=False)
    offers, scores, because = _decided(policy, ask)
    chances = policy.propensities(ask, offers) if isinstance(policy, Explores) else (1.0,) * len(offers)
    n_drawn = policy.n_drawn(ask) if ask.candidates and isinstance(policy, Orders) else 0
    if offers:
        because = _counting(because, ask)
    mark = {SURFACE: ask.surface, DECISION: decision_id} if offers and policy.name != NOTHING else {}
    because = found.because or because
    told = replace(told, offers=offers, because=because, scores=scores, propensities=chances, mark=mark)
    return replace(told, n_drawn=n_drawn)


def _decided(policy: Decides, ask: Ask) -> Offered:
    """Return what a policy offers; candidates stay as they came where it puts nothing in order."""
    if ask.candidates and not isinstance(policy, Orders):
        return as_they_came(ask, f"the policy {policy.name} puts nothing in order")
    return policy.decide(ask)


def _scored(found: Assigned, ask: Ask, policy: Scores, config: Config, decision_id: str, *, in_time: bool) -> Decided:
    """Return the decision where only who has a flagged basket is eligible: it is scored before the arm is looked at."""
    risk = policy.risk(ask)
    control = config.experiments[found.experiment or ""].control
    is_ours = found.policy in policies_of(config)
    is_held_out = risk.is_nudged and found.policy != RETURNS and (is_ours or found.variant == control)
    own = replace(_begun(found, ask, decision_id, in_time=in_time), risk=risk)
    exposures = found.exposures
    if not risk.is_nudged:
        exposures = tuple(each for each in exposures if each.experiment != found.experiment)
        says = f"the basket is not flagged, and its visitor not counted: {risk.because}"
        own = replace(own, because=says, policy=NOTHING, experiment=None, variant=None, propensity=1.0)
    elif is_held_out:
        says = f"the basket is flagged and held out: {risk.because}"
        own = replace(own, because=says, served_here=is_ours, risk=replace(risk, nudges=()))
    elif found.policy != RETURNS:
        says = f"the basket is flagged, and {found.policy!r} is no policy of this product: the shop's own system serves it"
        own = replace(own, because=f"{says}: {risk.because}", served_here=False, risk=replace(risk, nudges=()))
    else:
        offers, scores, because = risk.offered([line.product for line in ask.told], ask.most)
        own = replace(own, offers=offers, scores=scores, because=because, propensities=(1.0,) * len(offers))
    own = replace(own, because=_counting(own.because, ask))
    said = {
        "n_lines": len(ask.told),
        "probability": risk.probability,
        "is_flagged": risk.is_flagged,
        "is_flagged_by_cost": risk.is_flagged_by_cost,
        "is_nudged": risk.is_nudged,
        "is_held_out": is_held_out,
        "nudges": own.offers,
    }
    return Decided(own, exposures, (_made(found, ask, own, RETURNS, said),))


def _begun(found: Assigned, ask: Ask, decision_id: str, *, in_time: bool) -> Decision:
    told = Decision(ask.surface, (), found.because, found.policy, found.experiment, found.variant, found.propensity)
    return replace(told, decision_id=decision_id, in_time=in_time)


def _counting(because: str, ask: Ask) -> str:
    """Return a reason that says which products of a large cart count."""
    if not ask.besides:
        return because
    n_all = len(ask.cart) + len(ask.besides)
    return f"{because}; of the {n_all:,} products in the cart the newest {len(ask.cart)} count"


def _made(
    found: Assigned, ask: Ask, decision: Decision, policy: str, more: Mapping[str, Any], items: tuple[ShownItem, ...] = ()
) -> DecisionMade:
    """Return the event that tells of a decision."""
    because = scrubbed(decision.because)  # it may name what was asked about
    details = {"because": because, "propensities": decision.propensities, "in_time": decision.in_time, **more}
    return DecisionMade(
        event_id=decision.decision_id,
        occurred_at=datetime.now(UTC),
        visitor_id=ask.visitor,
        surface=ask.surface,
        policy=policy,
        items=items,
        experiment=found.experiment,
        variant=found.variant,
        propensity=found.propensity,
        details=json.dumps(details, ensure_ascii=False),
    )
