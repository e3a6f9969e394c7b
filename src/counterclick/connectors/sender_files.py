"""Files in a sender's own words, read as a stream: what each part said, and what it becomes.

`FORMATS` names them. A line that is no JSON is one refusal; the lines after it are read on.
"""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb
import msgspec

from counterclick.connectors import ga4, klaviyo, merchant, segment
from counterclick.connectors.merchant_files import UnreadableFeedError, items_of
from counterclick.connectors.translated import Translated
from counterclick.errors import InputError, UnknownNameError
from counterclick.events.bulk import quoted
from counterclick.events.rejection import Reason

__all__ = ["FORMATS", "Format", "Part", "parts_of_file"]

LONGEST_LINE = 16_000_000
"""Bytes of a line of JSON; a longer one is no line."""
_PARQUET = (".parquet", ".pq")
_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file: a line, a row, an item.

    Attributes:
        sent: what it said, decoded; text where it could not be.
        became: what it is in our words.
    """

    sent: Any
    became: Translated


@dataclass(frozen=True, slots=True)
class Format:
    """How a sender's files are read.

    Attributes:
        says: what the file holds, in a few words.
        translate: what a decoded line or row becomes, given when it was received, or from when on a feed holds.
        rows: whether it may come as Parquet as well.
        feed: whether it is a product feed, XML or TSV, instead of JSON lines.
    """

    says: str
    translate: Callable[[Any, datetime], Translated]
    rows: bool = False
    feed: bool = False


FORMATS: Mapping[str, Format] = {
    "ga4": Format("rows of the BigQuery export", lambda row, _at: ga4.exported(row), rows=True),
    "klaviyo": Format("answers of GET /api/events", lambda payload, at: klaviyo.translated(payload, received_at=at)),
    "merchant": Format("a product feed, XML or TSV", lambda told, at: merchant.item(told, as_of=at), feed=True),
    "segment": Format("archived messages", lambda message, at: segment.translated(message, received_at=at)),
}
"""Whose files are read: the name that `counterclick record --as` takes."""


def parts_of_file(path: Path, sender: str, at: datetime) -> Iterator[Part]:
    """Yield the parts of a file, in order.

    Args:
        path: JSON lines, for some senders Parquet, for a feed XML or TSV; text may be packed with gzip.
        sender: whose words it is in, of `FORMATS`.
        at: when it was received, UTC; from when on a feed holds.

    Raises:
        UnknownNameError: no such sender's files are read.
        InputError: the file cannot be read as what it should be.
    """
    if sender not in FORMATS:
        raise UnknownNameError("sender", sender, FORMATS, "These are the senders whose files are read with --as.")
    known = FORMATS[sender]
    is_table = path.suffix.lower() in _PARQUET
    if is_table and not known.rows:
        raise InputError(f"{path.name}: {sender} is read from {known.says}, not from Parquet.")
    try:
        if is_table:
            yield from _rows(path, known, at)
        else:
            with _opened(path) as stream:
                yield from _items(stream, known, at, path) if known.feed else _lines(stream, known, at, path)
    except (OSError, EOFError, duckdb.Error) as error:
        raise InputError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file


def _lines(stream: BinaryIO, known: Format, at: datetime, path: Path) -> Iterator[Part]:
    first = True
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise InputError(f"{path.name}: a line is longer than {LONGEST_LINE:,} bytes; write one object a line.")
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if first and text.startswith(b"["):
            raise InputError(f"{path.name} holds a JSON array; write one object a line, without brackets and commas.")
        if not text:
            continue
        first = False
        try:
            sent = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield Part(text.decode(errors="replace"), Translated(refused=((Reason.MALFORMED, "a line must be JSON"),)))
        else:
            yield Part(sent, known.translate(sent, at))


def _items(stream: BinaryIO, known: Format, at: datetime, path: Path) -> Iterator[Part]:
    try:
        for told in items_of(stream):
            yield Part(told, known.translate(told, at))
    except UnreadableFeedError as error:
        raise InputError(f"{path.name} cannot be read as a feed: {error}.") from error


def _rows(path: Path, known: Format, at: datetime) -> Iterator[Part]:
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        batches = connection.sql(f"SELECT * FROM read_parquet({quoted(str(path))})").to_arrow_reader(_ROWS)
        for batch in batches:
            for row in batch.to_pylist():
                sent = msgspec.json.decode(msgspec.json.encode(row))
                yield Part(sent, known.translate(sent, at))
