"""Why something was not taken: an enumeration, and a record that keeps what was refused."""

from __future__ import annotations

import enum

import msgspec

__all__ = ["Reason", "Rejection"]


class Reason(enum.StrEnum):
    """Every reason for which the door refuses an event."""

    MALFORMED = "malformed"
    """The text is not a JSON object."""
    UNKNOWN_KIND = "unknown_kind"
    """``kind`` is missing or not in the vocabulary."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that this kind of event does not have."""
    WRONG_TYPE = "wrong_type"
    """A field holds something that it cannot hold, such as text in a price or a time without its zone."""
    MISSING_FIELD = "missing_field"
    """A field is missing without which this kind of event means nothing."""
    OUT_OF_RANGE = "out_of_range"
    """A number or a text lies outside of what the field allows, such as a negative price."""
    INCONSISTENT = "inconsistent"
    """Two fields contradict each other, such as a refund that names both lines and an amount."""
    IN_FUTURE = "in_future"
    """The event's clock is ahead of ours by more than ten minutes."""
    TOO_OLD = "too_old"
    """The event's time lies before 1990, which is what an unset clock looks like."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was not taken.

    Attributes:
        reason: one of the enumerated reasons.
        details: the sentence that says what is wrong and what would be right.
        body: what was sent, redacted.
    """

    reason: Reason
    details: str
    body: str
