"""Events out to Klaviyo: within its limits, again where it asks for it, and an account of what it refused."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from counterclick.connectors.klaviyo_out import REVISION
from counterclick.display import Grid, Shown, count
from counterclick.errors import RefusedError
from counterclick.events.redaction import scrubbed
from counterclick.web.pace import Pace

__all__ = ["BASE_URL", "Sent", "send"]

BASE_URL = "https://a.klaviyo.com"
BURST = (350, 1.0)
"""Requests in any second; Klaviyo's limit."""
STEADY = (3_500, 60.0)
"""Requests in any minute; Klaviyo's limit."""
_AT_ONCE = 32
_TRIES = 6
_TIMEOUT = 30.0
_LONGEST_WAIT = 120.0
_KEY_REFUSED = (401, 403)
_SERVER = 500
_TOO_MANY = 429
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Sent(Shown):
    """What came of sending.

    Attributes:
        n_sent: events that Klaviyo took.
        refused: what Klaviyo said -> events of which it said so; they are not sent again by themselves.
        n_again: requests that had to be sent again: too many at once, or Klaviyo could not answer.
    """

    n_sent: int
    refused: Mapping[str, int]
    n_again: int = 0

    def grids(self) -> list[Grid]:
        """Return the figures as one table."""
        rows = [("events sent", count(self.n_sent))]
        rows += [(f"refused: {says}", count(n)) for says, n in self.refused.items()]
        if self.n_again:
            rows.append(("requests sent again", count(self.n_again)))
        return [Grid("Klaviyo", ("", ""), rows)]


def send(
    bodies: Iterator[dict[str, Any]],
    key: str,
    *,
    url: str = BASE_URL,
    pace: Pace | None = None,
    first_wait: float = 1.0,
    progress: Callable[[str, float], None] = lambda _step, _fraction: None,
) -> Sent:
    """Post events to Klaviyo, each with the key that makes a repeat of it harmless there.

    Args:
        bodies: of ``POST /api/events``.
        key: a private key of Klaviyo's.
        url: where Klaviyo is.
        pace: of requests; Klaviyo's limits unless given.
        first_wait: seconds before a request is tried again for which Klaviyo names no time; doubled each time.
        progress: called with how far it is.

    Raises:
        RefusedError: the key is refused, or Klaviyo cannot be reached; what was sent by then was taken.
    """
    sending = _Sending(key, url.rstrip("/"), pace or Pace(BURST, STEADY), first_wait, progress)
    return asyncio.run(sending.all(bodies))


class _Sending:
    """One run: what it has sent, and what came of it."""

    def __init__(self, key: str, url: str, pace: Pace, first_wait: float, progress: Callable[[str, float], None]) -> None:
        self._headers = {
            "authorization": f"Klaviyo-API-Key {key}",
            "revision": REVISION,
            "accept": "application/vnd.api+json",
        }
        self._address = f"{url}/api/events"
        self._pace = pace
        self._first_wait = first_wait
        self._progress = progress
        self._n_sent = 0
        self._n_again = 0
        self._refused: Counter[str] = Counter()
        self._not_before = 0.0

    async def all(self, bodies: Iterator[dict[str, Any]]) -> Sent:
        """Send them, a few at once; the first that cannot be sent ends it."""
        async with httpx.AsyncClient(headers=self._headers, timeout=_TIMEOUT) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(_AT_ONCE):
                        group.create_task(self._some(client, bodies))
            except* RefusedError as errors:
                first = errors.exceptions[0]
                raise RefusedError(f"{first} {self._n_sent:,} events were sent before.") from first
        return Sent(self._n_sent, dict(self._refused.most_common()), self._n_again)

    async def _some(self, client: httpx.AsyncClient, bodies: Iterator[dict[str, Any]]) -> None:
        for body in bodies:
            await self._one(client, body)
            self._progress(f"{self._n_sent:,} sent", 0.5)

    async def _one(self, client: httpx.AsyncClient, body: dict[str, Any]) -> None:
        """Send one, again where it could not be answered."""
        said = ""
        for nth in range(_TRIES):
            await self._wait()
            wait = self._first_wait * 2**nth
            try:
                answer = await client.post(self._address, json=body, headers={"content-type": "application/vnd.api+json"})
            except httpx.TransportError as error:
                said = f"it cannot be reached ({type(error).__name__})"
            else:
                if answer.is_success:
                    self._n_sent += 1
                    return
                said = f"it answers {answer.status_code}: {_reason(answer)}"
                if answer.status_code in _KEY_REFUSED:
                    raise RefusedError(f"Klaviyo refuses the key: {said}.")
                if answer.status_code != _TOO_MANY and answer.status_code < _SERVER:
                    self._refused[_reason(answer)] += 1
                    return
                wait = _asked_for(answer) or wait
            self._n_again += 1
            self._not_before = max(self._not_before, time.monotonic() + min(wait, _LONGEST_WAIT))
        raise RefusedError(
            f"Klaviyo was asked {_TRIES} times for one event, and {said}. Start again later: a repeat is harmless."
        )

    async def _wait(self) -> None:
        """Wait until the next request may go, for all that are sent at once."""
        now = time.monotonic()
        begins = max(now, self._not_before)
        await asyncio.sleep(begins - now + self._pace.after(begins))


def _asked_for(answer: httpx.Response) -> float | None:
    """Return for how many seconds an answer asks to wait."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdigit() and said.isascii() else None


def _reason(answer: httpx.Response) -> str:
    """Return what Klaviyo says of a request, without what is personal in it."""
    try:
        errors = answer.json()["errors"]
        said = str(errors[0].get("detail") or errors[0].get("title"))
    except (ValueError, LookupError, TypeError, AttributeError):
        said = answer.reason_phrase
    return scrubbed(said)[:_LONGEST_REASON]
