"""From what translators hand back to answers: one for each payload that was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Rejection
from counterclick.shop.translating import handed_over
from counterclick.web.service import Service

__all__ = ["answers", "take_translated"]


async def take_translated(
    service: Service, source: str, sent: Sequence[Any], found: Sequence[Translated], *, agent: str | None = None
) -> list[dict[str, Any]]:
    """Take what payloads became; when this returns it is on disk. Return an answer for each payload, in order.

    Args:
        service: of the shop.
        source: who sent them.
        sent: the payloads, as they were decoded; what is refused is kept with its own, redacted.
        found: what they became, one for each.
        agent: the user agent of the request, where a browser may have sent it.
    """
    parts: list[list[Mapping[str, Any] | Rejection]] = [
        handed_over(payload, each) for payload, each in zip(sent, found, strict=True)
    ]
    n_skipped = sum(len(each.skipped) for each in found)
    judged = iter(await service.take([one for part in parts for one in part], source, n_skipped, agent=agent))
    return [answers([next(judged) for _one in part], each) for part, each in zip(parts, found, strict=True)]


def answers(judged: Sequence[Any], translated: Translated) -> dict[str, Any]:
    """Return the answer for one payload: accepted, passed over, or rejected with reasons and what would be right."""
    refused = [each for each in judged if isinstance(each, Rejection)]
    n_events = len(judged) - len(refused)
    told: dict[str, Any] = {"status": "rejected" if refused else "accepted" if n_events else "skipped"}
    if n_events:
        told["events"] = n_events
    if translated.skipped:
        told["skipped"] = list(translated.skipped)
    if refused:
        told["reasons"] = [{"reason": each.reason.value, "details": each.details} for each in refused]
    return told
