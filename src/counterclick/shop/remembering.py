"""One decision id has one answer: whichever process is asked again within a day, and whatever was fitted since."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from counterclick.display import plain
from counterclick.errors import ConflictError
from counterclick.events.redaction import may_change_json, scrubbed
from counterclick.shapes import from_json
from counterclick.store.answered import Answered

if TYPE_CHECKING:
    from counterclick.decisions import Ask, Decision

__all__ = ["answer_json", "answer_kept", "answer_known", "asked_digest"]

_JSON = msgspec.json.Encoder(enc_hook=plain)


def answer_json(decision: Decision) -> bytes:
    """Return an answer as JSON in one line: hundreds of offers and their scores are written at once."""
    return _JSON.encode(decision)


def asked_digest(ask: Ask) -> bytes:
    """Return what tells a question from another."""
    return hashlib.sha256(msgspec.json.encode(ask, order="sorted")).digest()


def answer_known(answered: Answered, decision_id: str, ask: Ask) -> Decision | None:
    """Return the answer that was given under an id; None where none is kept.

    Args:
        answered: the answers of the store.
        decision_id: as it was asked with.
        ask: what is asked, by whoever is known for it.

    Raises:
        ConflictError: something else was asked under this id.
        StoreError: the answers cannot be read.
    """
    found = answered.find(decision_id)
    return None if found is None else _same(found, ask)


def answer_kept(answered: Answered, decision_id: str, ask: Ask, decision: Decision) -> Decision:
    """Keep an answer, and return the one that holds: the first that was given.

    One in which something stands that may name a person is not written down: asked again, it is decided anew.

    Args:
        answered: the answers of the store.
        decision_id: as it was asked with.
        ask: what was asked.
        decision: the answer.

    Raises:
        ConflictError: something else was asked under this id meanwhile.
        StoreError: the answer cannot be written.
    """
    answer = answer_json(decision)
    if may_change_json(answer) and scrubbed(text := answer.decode()) != text:
        return decision
    return _same(answered.keep(decision_id, asked_digest(ask), answer), ask)


def _same(found: tuple[bytes, bytes], ask: Ask) -> Decision:
    from counterclick.decisions import Decision  # noqa: PLC0415 - it brings the tables with it

    asked, answer = found
    if asked != asked_digest(ask):
        raise ConflictError("another decision was asked for under this decision_id; give each its own.")
    return from_json(answer, Decision)
