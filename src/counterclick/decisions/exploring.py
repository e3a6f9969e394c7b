"""Exploring: in a share of decisions, offers are drawn by chance from the best, so that it is seen what others would do.

The probability with which a product was offered is known exactly. Where ``n`` of ``m`` candidates are drawn in the share
``s`` of decisions, and the best ``n`` are offered in all others, it is ``1 - s + s * n / m`` for each of the best, and
``s * n / m`` for each other. Candidates may all stand beside each other, so that any of them can be drawn. What is drawn
follows from the question: asked again, it is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from counterclick.decisions.policy import Ask

__all__ = ["drawn", "is_explored", "probabilities"]

_SPAN = 2.0**64


def is_explored(ask: Ask, share: float) -> bool:
    """Say whether chance decides what is offered.

    Args:
        ask: what a surface asks.
        share: of decisions of which it does.
    """
    return ask.explores and _number(_seed(ask)) < share * _SPAN


def drawn(ask: Ask, candidates: Sequence[str], most: int | None = None) -> tuple[str, ...]:
    """Return candidates in an order that is as likely as any other.

    Args:
        ask: what a surface asks.
        candidates: from which.
        most: how many; as many as are wanted unless given.
    """
    seed = _seed(ask)
    return tuple(sorted(candidates, key=lambda product: _number(f"{seed}\0{product}"))[: ask.most if most is None else most])


def probabilities(ask: Ask, candidates: Sequence[str], offers: Sequence[str], share: float) -> tuple[float, ...]:
    """Return for each product the probability with which it is offered when this is asked, by whomever.

    Args:
        ask: what a surface asks.
        candidates: best first.
        offers: products; what is no candidate is never offered.
        share: of decisions that explore.
    """
    own = share if ask.explores else 0.0
    best = {*candidates[: ask.most]}
    by_chance = own * min(1.0, ask.most / len(candidates)) if candidates else 0.0
    among = {*candidates}
    return tuple((1 - own if offer in best else 0.0) + (by_chance if offer in among else 0.0) for offer in offers)


def _seed(ask: Ask) -> str:
    listed = ("candidates", *sorted(ask.candidates)) if ask.candidates else ()
    return "\0".join(["explore", ask.surface, ask.visitor, *sorted({*ask.cart}), *listed])


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
