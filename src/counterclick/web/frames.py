"""What the processes of a served shop say to each other: frames over a socket, each with its length before it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec

from counterclick.config import Config

__all__ = ["ALONE", "READY", "REFUSED", "STOP", "Frames", "Kept", "Question", "Reply", "Sent", "Told", "frame", "heard"]

STOP = b"stop"
"""Said to a process: do what is left, and end."""
READY = b"ready"
"""Said by a process: it has begun."""
REFUSED = 2
"""Exit status where the configuration cannot be; what is wrong was said in a frame."""
ALONE = 3
"""Exit status where nobody is there any more to say anything."""
_LENGTH = 4
_AT_ONCE = 1 << 18


class Told(msgspec.Struct, frozen=True):
    """What a process is told first.

    Attributes:
        config: of the shop.
        folder: where ``shop.toml`` lies.
    """

    config: Config
    folder: str


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """What is to be judged and kept.

    Attributes:
        number: by which the answer names it.
        source: who sent it.
        is_raw: whether it is a sender's own body, in the vocabulary; else a list of what translators made of one.
        is_bot: whether a crawler sent it.
        body: JSON.
        is_judged: whether these are lines of events of our own that the door has let through already.
    """

    number: int
    source: str
    is_raw: bool
    is_bot: bool
    body: bytes
    is_judged: bool = False


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What became of it.

    Attributes:
        number: of what was sent.
        status: 200: it is on disk; else as HTTP would say it, and nothing of it was kept.
        body: the answer, or what would be right.
        taken: kind -> events.
        refused: reason -> events.
    """

    number: int
    status: int
    body: bytes
    taken: dict[str, int]
    refused: dict[str, int]


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What is to be worked out.

    Attributes:
        number: by which the reply names it.
        body: what is called with the shop, pickled.
    """

    number: int
    body: bytes


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What came of a question.

    Attributes:
        number: of the question.
        body: the answer, or the error, pickled.
        is_error: which of them.
    """

    number: int
    body: bytes
    is_error: bool


def frame(message: bytes) -> bytes:
    """Return a message as it is sent."""
    return len(message).to_bytes(_LENGTH, "big") + message


class Frames:
    """Puts messages together out of what comes in parts."""

    def __init__(self) -> None:
        self._got = bytearray()

    def add(self, part: bytes) -> Iterator[bytes]:
        """Yield the messages that are whole with one more part."""
        self._got += part
        begin = 0
        while (body := begin + _LENGTH) <= len(self._got):
            end = body + int.from_bytes(self._got[begin:body], "big")
            if end > len(self._got):
                break
            yield bytes(self._got[body:end])
            begin = end
        del self._got[:begin]


def heard(line: socket.socket) -> Iterator[bytes]:
    """Yield the messages that come over a socket, until the other side has ended."""
    frames = Frames()
    while part := line.recv(_AT_ONCE):
        yield from frames.add(part)
