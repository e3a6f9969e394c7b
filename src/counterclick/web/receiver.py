"""The process that keeps what was sent: it judges, commits, and says what became of it when the disk has it.

It has an interpreter of its own, so that judging a body holds up nobody who asks for a flag. Killed at any moment, it has
lost nothing of which it said that it was kept; what it had not answered was not acknowledged (`counterclick.web.handing`).
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from counterclick.connectors.browsers import BOT
from counterclick.events.redaction import scrubbed_body
from counterclick.events.rejection import Reason, Rejection
from counterclick.events.vocabulary import Event
from counterclick.lazily import keep_loaded
from counterclick.shapes import from_json, msgpack_reader
from counterclick.shop.premises import Premises
from counterclick.shop.receiving import Received, Receiving
from counterclick.web.bodies import EVENT_BYTES, BodyError, decoded, listed
from counterclick.web.frames import READY, STOP, Kept, Sent, Told, frame, heard
from counterclick.web.logs import logging_to, say

__all__ = ["main"]

_SWITCH_SECONDS = 0.002
"""The thread that commits does not wait for longer than this until it may say that it has."""
_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode


def main() -> int:
    """Keep what comes until told to stop, or until nobody is there any more; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a terminal or a service manager tells all at once: events still come
        signal.signal(number, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with socket.socket(fileno=sys.stdin.fileno()) as line, logging_to():
        messages = heard(line)
        told = from_json(next(messages), Told)
        premises = Premises(told.config, Path(told.folder))
        keeping = _Keeping(line, Receiving(premises.store, told.config))
        read = msgpack_reader(Sent)
        premises.store.inbox.committed = keeping.answer
        keep_loaded()
        line.sendall(frame(READY))
        for message in messages:
            if message == STOP:
                break
            keeping.take(read(message))
        premises.store.close()  # what is under way is written and answered
    return 0


class _Keeping:
    """Takes what is sent, and answers over the line."""

    def __init__(self, line: socket.socket, receiving: Receiving) -> None:
        self._line = line
        self._receiving = receiving
        self._said = SimpleQueue[bytes]()
        self._answering = threading.Lock()

    def take(self, sent: Sent) -> None:
        """Judge what was sent and hand it to the inbox; it is answered when the disk has it."""
        if sent.is_judged:
            self._pass_on(sent)
            return
        try:
            items = _raw(sent.body) if sent.is_raw else _translated(sent.body)
            received = self._receiving.take(map(_of_a_bot, items) if sent.is_bot else items, sent.source)
            taken = Counter(map(type, received.judged))
            refused = Counter(each.reason.value for each in _refused(received))
            body = _answer(received) if sent.is_raw else _encode([*map(_short, received.judged)])
        except BodyError as error:
            self._say(Kept(sent.number, error.status, error.says.encode(), {}, {}))
        except RecursionError:
            self._say(Kept(sent.number, 400, b"the body nests too deeply to be read.", {}, {}))
        except Exception as error:  # noqa: BLE001 - a mistake of ours is answered, and the next body is taken
            say(logging.ERROR, "broken", error=error, source=sent.source)
            self._say(Kept(sent.number, 500, b"", {}, {}))
        else:
            kinds = {str(kind.__struct_config__.tag): n for kind, n in taken.items() if issubclass(kind, Event)}
            self._answer_later(Kept(sent.number, 200, body, kinds, dict(refused)), received.on_disk)

    def _pass_on(self, sent: Sent) -> None:
        """Hand to the inbox what the other process has judged."""
        kinds, on_disk = self._receiving.take_made(sent.body, sent.source)
        self._answer_later(Kept(sent.number, 200, b"", dict(kinds), {}), on_disk)

    def _answer_later(self, kept: Kept, on_disk: Future[int]) -> None:
        on_disk.add_done_callback(partial(self._kept, kept))
        if on_disk.done():  # what the inbox calls after a commit may have been called already
            self.answer()

    def answer(self) -> None:
        """Send the answers that are ready, all at once: each time, the interpreter is let go of and waited for again."""
        with self._answering:
            ready = b"".join(self._said.get() for _ in range(self._said.qsize()))
            try:
                self._line.sendall(ready)
            except OSError:  # nobody is there any more: it was not acknowledged
                return

    def _kept(self, kept: Kept, on_disk: Future[int]) -> None:
        error = on_disk.exception()
        told = kept if error is None else Kept(kept.number, 503, str(error).encode(), {}, {})
        self._said.put(frame(_pack(told)))

    def _say(self, kept: Kept) -> None:
        self._said.put(frame(_pack(kept)))
        self.answer()


def _raw(body: bytes) -> list[Any]:
    """Return the items of a sender's own body; one that is too large is refused alone."""
    sent = listed(decoded(body))
    return [_within_limit(one) for one in sent] if len(body) > EVENT_BYTES else sent


def _within_limit(sent: Any) -> Any:
    body = _encode(sent)
    if len(body) <= EVENT_BYTES:
        return sent
    says = f"an event holds at most {EVENT_BYTES:,} bytes as JSON"
    return Rejection(reason=Reason.OUT_OF_RANGE, details=says, body=scrubbed_body(body.decode()))


def _translated(body: bytes) -> Iterable[Any]:
    """Return what translators made of a body: objects, and what they refused."""
    return [
        one if isinstance(one, dict) else Rejection(reason=Reason(one[0]), details=one[1], body=one[2])
        for one in msgspec.json.decode(body)
    ]


def _of_a_bot(sent: Any) -> Any:
    """Return an event of a crawler's as such, unless it names its device."""
    return {**sent, "device": BOT} if isinstance(sent, dict) and not sent.get("device") else sent


def _refused(received: Received) -> list[Rejection]:
    return [each for each in received.judged if isinstance(each, Rejection)] if received.n_refused else []


def _answer(received: Received) -> bytes:
    """Return the answer to a sender's own body: for each event, in order."""
    results = [
        {"status": "rejected", "reason": each.reason.value, "details": each.details}
        if type(each) is Rejection
        else {"status": "accepted", "event_id": each.event_id}  # type: ignore[union-attr]  # it is an event then
        for each in received.judged
    ]
    return _encode({"accepted": received.n_events, "rejected": received.n_refused, "results": results})


def _short(judged: Event | Rejection) -> Any:
    return judged.event_id if isinstance(judged, Event) else (judged.reason.value, judged.details)


if __name__ == "__main__":
    sys.exit(main())
