"""Pace: how long to wait so that no window of time holds more requests than a service allows."""

from __future__ import annotations

from collections import deque

__all__ = ["Pace"]


class Pace:
    """Keeps requests within limits, each so many in any window of so many seconds.

    Args:
        limits: pairs of a number of requests and the seconds of its window.
    """

    def __init__(self, *limits: tuple[int, float]) -> None:
        self._limits = tuple((seconds, deque[float](maxlen=most)) for most, seconds in limits)

    def after(self, now: float) -> float:
        """Return how many seconds from now the next request may go, which is thereby taken to go then.

        Args:
            now: seconds on a clock that never goes back; never before an earlier call's.
        """
        goes = max([now, *(sent[0] + seconds for seconds, sent in self._limits if len(sent) == sent.maxlen)])
        for _seconds, sent in self._limits:
            sent.append(goes)
        return goes - now
