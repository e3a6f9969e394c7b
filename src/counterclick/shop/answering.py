"""Answering from a process that lives for long: each question with what is recorded by then, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from counterclick.shop.premises import Premises

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["Answering"]

Answer = TypeVar("Answer")


class Answering:
    """Asks a shop of its own, so that whoever records into the other one is not held up. Ask it from one thread only.

    Args:
        shop: of which.
    """

    def __init__(self, shop: Premises) -> None:
        self._premises = shop
        self._shop: Shop | None = None
        self._seen: tuple[int, int] | None = None

    def answer(self, question: Callable[[Shop], Answer]) -> Answer:
        """Return what a question's answer is, with all that was recorded before it was asked.

        Args:
            question: verbs of the shop, and what is made of their answers.

        Raises:
            CounterclickError: whatever the verb raises.
        """
        if self._shop is None:
            self._shop = self._premises.shop()
        seen = self._shop.store.seen()
        if seen != self._seen:
            self._shop.refresh()
            self._seen = seen
        return question(self._shop)

    def interrupt(self) -> None:
        """Let the query that runs fail, from any thread."""
        if self._shop is not None and self._shop.is_reading:
            self._shop.reading.connection.interrupt()

    def close(self) -> None:
        """Let go of the files; nobody may be asking."""
        if self._shop is not None:
            self._shop.store.close()
