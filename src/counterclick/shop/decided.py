"""What a surface shows a visitor who was assigned: what a policy of this product offers, or the shop's own system."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol, runtime_checkable

from counterclick.config import AI, NOTHING, Config, Rules
from counterclick.decisions.policy import Ask, Decision, Policy
from counterclick.decisions.risk import Risk
from counterclick.events.vocabulary import Exposure
from counterclick.shop.deciding import Assigned

__all__ = ["RETURNS", "decided", "decision_of", "policies", "policy_asked", "policy_of", "scores_baskets"]

RETURNS = "returns"
"""Name of the policy that scores baskets."""


@runtime_checkable
class Scoring(Policy, Protocol):
    """A policy that says which baskets are eligible."""

    def risk(self, ask: Ask) -> Risk:
        """Return what is said of a basket."""


def policies() -> Collection[str]:
    """Return the names of this product's policies; they are loaded when somebody first asks for a decision."""
    from counterclick.decisions.made import POLICIES  # noqa: PLC0415 - they bring the tables with them

    return POLICIES.keys()


def policy_of(name: str, config: Config, rules: Rules) -> Policy:
    """Return one of this product's policies by its name, before it has learnt."""
    from counterclick.decisions.made import POLICIES, given_by  # noqa: PLC0415 - they bring the tables with them

    return POLICIES[name](given_by(config, rules))


def policy_asked(found: Assigned, config: Config) -> str | None:
    """Return which policy of this product decides for a visitor; None where nobody does, or the shop's own system.

    Where an experiment has the arm ``returns``, that policy is asked for every arm: it says which baskets are eligible.
    """
    if scores_baskets(found, config):
        return RETURNS
    ours = found.experiment is not None and found.policy in policies() and found.variant != AI
    return found.policy if ours else None


def scores_baskets(found: Assigned, config: Config) -> bool:
    """Say whether a visitor is in an experiment that nudges baskets, in whatever arm."""
    declared = config.experiments.get(found.experiment or "")
    return declared is not None and RETURNS in declared.variants


def decided(
    found: Assigned, ask: Ask, policy: Policy | None, *, scores: bool = False
) -> tuple[Decision, tuple[Exposure, ...]]:
    """Return the decision of what a visitor was assigned to, and the exposures to record before it is shown.

    Args:
        found: what the visitor gets.
        ask: what the surface asks.
        policy: the one that `policy_asked` names, which has learnt.
        scores: whether it says which baskets are eligible: see `scores_baskets`.
    """
    if not scores or not isinstance(policy, Scoring):
        return decision_of(found, ask, policy), found.exposures
    risk = policy.risk(ask)
    own = Decision(ask.surface, (), risk.because, found.policy, found.experiment, found.variant, found.propensity, risk=risk)
    if not risk.is_nudged:
        others = tuple(each for each in found.exposures if each.experiment != found.experiment)
        says = f"the basket is not flagged, and its visitor not counted: {risk.because}"
        return replace(own, because=says, policy=NOTHING, experiment=None, variant=None, propensity=1.0), others
    if found.policy != RETURNS:
        says = f"the basket is flagged and held out: {risk.because}"
        is_ours = found.policy in policies()
        return replace(own, because=says, served_here=is_ours, risk=replace(risk, nudges=())), found.exposures
    offers, chances, because = policy.decide(ask)
    return replace(own, offers=offers, scores=chances, because=because), found.exposures


def decision_of(found: Assigned, ask: Ask, policy: Policy | None) -> Decision:
    """Return the decision of what a visitor was assigned to.

    Args:
        found: what the visitor gets.
        ask: what the surface asks.
        policy: the one that `policy_asked` names, which has learnt.
    """
    told = Decision(ask.surface, (), found.because, found.policy, found.experiment, found.variant, found.propensity)
    if found.experiment is None:
        return told
    if policy is None:
        says = found.because or f"{found.policy!r} is no policy of this product: the shop's own system serves it"
        return replace(told, because=says, served_here=False)
    offers, scores, because = policy.decide(ask)
    return replace(told, offers=offers, because=found.because or because, scores=scores)
