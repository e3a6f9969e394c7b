"""What a translator hands back: events in our words, what it passed over, and what it could not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterclick.events.rejection import Reason

__all__ = ["Translated"]


@dataclass(frozen=True, slots=True)
class Translated:
    """One payload of a sender in our words.

    Attributes:
        bodies: objects for `counterclick.events.door.admit_one`, each with an ``event_id`` made from the sender's own
            id, where the sender gives one.
        skipped: names of what means nothing to us, to be counted.
        refused: what cannot be translated: an enumerated reason, and a sentence that says what would be right.
    """

    bodies: tuple[dict[str, Any], ...] = ()
    skipped: tuple[str, ...] = ()
    refused: tuple[tuple[Reason, str], ...] = ()
