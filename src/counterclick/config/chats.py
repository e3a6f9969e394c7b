"""``[chats.NAME]``: what a chat vendor calls an answer, and its parts."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["ChatConfig", "ChatField"]

ChatField = Literal[
    "occurred_at",
    "event_id",
    "visitor_id",
    "customer_id",
    "conversation_id",
    "agent",
    "matched_products",
    "escalated",
    "could_not_answer",
]
"""What a vendor may say of an answer."""


class ChatConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[chats.NAME]``: how a vendor's payloads become answers.

    Attributes:
        surface: the assistant, as the shop calls it.
        channel: where it is.
        assistants: agents that are the assistant; answers of any other one were handed over to a person. Without any,
            every agent is the assistant.
        event: where the payload names what happened, such as ``type`` or ``data.event``.
        answers: which of these names are answers; without any, every payload is.
        fields: part of an answer -> where the payload says it; a path leads through lists, such as ``products.id``.
    """

    surface: str
    channel: Literal["onsite", "email", "voice", "social", "agent_checkout"] | None = None
    assistants: tuple[str, ...] = ()
    event: str = "event"
    answers: tuple[str, ...] = ()
    fields: dict[ChatField, str] = {}
