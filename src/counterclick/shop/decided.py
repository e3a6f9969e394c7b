"""What a surface shows a visitor who was assigned: what a policy of this product offers, or the shop's own system."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from counterclick.config import AI, Config, Rules
from counterclick.decisions.policy import Ask, Decides, Decision, Policy
from counterclick.shop.deciding import Assigned

__all__ = ["decision_of", "policies", "policy_asked", "policy_of"]


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


def decision_of(found: Assigned, ask: Ask, policy: Decides | None) -> Decision:
    """Return the decision of what a visitor was assigned to.

    Args:
        found: what the visitor gets.
        ask: what the surface asks.
        policy: what serves for the one that `policy_asked` names.
    """
    told = Decision(ask.surface, (), found.because, found.policy, found.experiment, found.variant, found.propensity)
    if found.experiment is None:
        return told
    if policy is None:
        says = found.because or f"{found.policy!r} is no policy of this product: the shop's own system serves it"
        return replace(told, because=says, served_here=False)
    offers, scores, because = policy.decide(ask)
    return replace(told, offers=offers, because=found.because or because, scores=scores)
