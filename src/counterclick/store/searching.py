"""Searching everything that a store keeps for identifiers: the proof that an erasure is one.

Three ways, since none is enough by itself. The log's Parquet files are read through, column by column: what is packed
cannot hide there, and a short id such as ``17`` means a customer in one column and an order in another. SQLite files are
read row by row. And the raw bytes of every file, whatever it is, are searched for the identifiers that cannot be anything
else: those of eight characters or more that name no other thing.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from counterclick.errors import StoreError
from counterclick.events.bulk import quoted
from counterclick.store.keeping import Store
from counterclick.store.promised import PROMISED
from counterclick.store.sources import connect

__all__ = ["LEAST", "Searched", "found_in", "search", "tokens_of"]

LEAST = 8
"""Characters of an identifier that is searched for in raw bytes: shorter ones stand there by chance."""
_LETTERS = r"A-Za-z0-9_.@:+%/\-"
_TOKEN = re.compile(rf"[{_LETTERS}]{{{LEAST},}}".encode())
_PLAIN = re.compile(rf"[{_LETTERS}]+")
_CHUNK = 1 << 22
_OVERLAP = 4096
_LOG = "log/"
_WHO = ("visitor_id", "customer_id")


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through.

    Attributes:
        n_files: files whose every byte was searched.
        n_bytes: of them.
        n_rows: rows of the log that were read through.
        n_words: identifiers that were looked for.
        n_everywhere: of these, how many were searched for in raw bytes too.
        found: what was found, and in which file, without the identifier itself; empty if the erasure is complete.
        n_arrived: events that name the person and arrived after the erasure; they are new ones.
    """

    n_files: int
    n_bytes: int
    n_rows: int
    n_words: int
    n_everywhere: int
    found: tuple[str, ...]
    n_arrived: int = 0


def search(
    store: Store,
    words: Mapping[str, Sequence[str]],
    everywhere: Sequence[str],
    *,
    besides: Collection[str],
    is_resumed: bool,
) -> Searched:
    """Search everything that a store keeps, while the writers' lock is held.

    Args:
        store: which.
        words: column of the log -> identifiers that must not stand in it.
        everywhere: identifiers that must not stand in any file's bytes.
        besides: names of files that are left out.
        is_resumed: whether events of the person may have come into the log after the others were erased: these are new.
    """
    found: list[str] = []
    n_rows, n_new, alive = _read_log(store, words, found, is_resumed=is_resumed)
    n_files = n_bytes = 0
    local = "://" not in store.log.location
    log_folder = Path(store.log.location).resolve() if local else None
    with store.inbox.still() as inbox:
        arrived = _arrived(inbox, words, everywhere)
        for name, chunks in _files(store, log_folder, besides):
            n_files += 1
            known = arrived[1] if name.startswith(store.inbox.path.name) else alive if name.startswith(_LOG) else set()
            hit = False
            for chunk in chunks:
                n_bytes += len(chunk)
                hit = hit or bool(found_in(chunk, everywhere) - known)
            if hit:
                found.append(f"the bytes of {name}")
        others = [path for path in sorted(store.folder.rglob("*.sqlite")) if path != store.inbox.path]
        found += [f"the rows of {path.name}" for path in others if _rows_name(path, everywhere)]
    n_words = len({word for each in words.values() for word in each})
    return Searched(n_files, n_bytes, n_rows, n_words, len(everywhere), tuple(found), arrived[0] + n_new)


def found_in(chunk: bytes, words: Collection[str]) -> set[str]:
    """Return those of some words that stand in bytes, as words of their own.

    A length that Parquet writes before or after a text may look like a letter of it: the text is found all the same.
    """
    wanted = {word.encode(): word for word in words if _PLAIN.fullmatch(word)}
    found = {word for word in words if word.encode() not in wanted and word.encode() in chunk}
    if wanted:
        for match in _TOKEN.finditer(chunk):
            run = match.group()
            for part in (run, run[1:], run[:-1], run[1:-1], *re.split(rb"[/:@]", run)):
                if part in wanted:
                    found.add(wanted[part])
    return found


def tokens_of(text: str) -> set[str]:
    """Return the words of a text of any form, such as JSON."""
    runs = _PLAIN.findall(text)
    return {*runs, *(part for run in runs for part in re.split(r"[/:@]", run))}


def _files(store: Store, log_folder: Path | None, besides: Collection[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield every file of the store's folder and of the log: its name, and its bytes."""
    for path in sorted(store.folder.rglob("*")):
        in_log = log_folder is not None and path.resolve().is_relative_to(log_folder)
        on_its_way = path.parent.name == PROMISED  # exposures of the last second, on their way to the inbox
        if path.is_file() and not in_log and not on_its_way and path.name not in besides:
            with path.open("rb") as file:
                yield str(path.relative_to(store.folder)), _chunks(file)
    for name, file in store.log.contents():
        yield f"{_LOG}{name}", _chunks(file)


def _chunks(file: Any) -> Iterator[bytes]:
    """Yield a file's bytes; each part begins with the end of the one before it."""
    tail = b""
    while part := file.read(_CHUNK):
        yield tail + part
        tail = part[-_OVERLAP:]


def _read_log(
    store: Store, words: Mapping[str, Sequence[str]], found: list[str], *, is_resumed: bool
) -> tuple[int, int, set[str]]:
    """Read the newest version of the log through, and every checkpoint.

    Returns:
        how many rows; how many of them name the person and are new; and the words that these have.
    """
    n_new, alive = 0, set[str]()
    with contextlib.closing(connect()) as connection:
        snapshot = store.attach(connection)
        connection.execute(f"CREATE OR REPLACE VIEW logged AS {store.since_sql(connection, snapshot, ())}")
        for column, ids in words.items():
            connection.execute("CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?::VARCHAR[]) AS word", [list(ids)])
            there = f'SELECT "{column}", count(*) FROM logged SEMI JOIN wanted ON logged."{column}" = word GROUP BY ALL'
            rows = dict(connection.execute(there).fetchall())
            if is_resumed and column in _WHO:
                n_new += sum(rows.values())
                alive |= rows.keys()
            elif rows:
                found.append(f"{sum(rows.values()):,} rows of the log, column {column}")
        told = connection.execute("SELECT details FROM logged WHERE details IS NOT NULL").fetchall()
        longer = {word for ids in words.values() for word in ids if len(word) >= LEAST} - alive
        n_told = sum(not longer.isdisjoint(tokens_of(details)) for (details,) in told) if longer else 0
        if n_told:
            found.append(f"{n_told:,} refused or declared events of the log")
        if "://" not in store.log.location:
            _read_checkpoints(connection, Path(store.log.location) / "_delta_log", longer, found)
        row = connection.execute("SELECT count(*) FROM logged").fetchone()
        return int(row[0]) if row else 0, n_new, alive


def _read_checkpoints(connection: duckdb.DuckDBPyConnection, folder: Path, words: Collection[str], found: list[str]) -> None:
    """Read what the log's checkpoints say of its files, where least and greatest values stand packed."""
    for path in folder.glob("*.parquet"):
        rows = connection.execute(f"SELECT to_json(t)::VARCHAR FROM read_parquet({quoted(str(path))}) AS t").fetchall()
        if any(not tokens_of(row[0]).isdisjoint(words) for row in rows):
            found.append(f"the rows of {_LOG}_delta_log/{path.name}")


def _arrived(
    inbox: sqlite3.Connection, words: Mapping[str, Sequence[str]], everywhere: Sequence[str]
) -> tuple[int, set[str]]:
    """Return how many events that wait in the inbox name the person, and by which words: what was erased is not there."""
    wanted = {word for column in _WHO for word in words.get(column, ())}
    seen: set[str] = set()
    n = 0
    for (text,) in inbox.execute("SELECT body FROM bodies"):
        for line in text.split("\n"):
            tokens = tokens_of(line)
            n += not tokens.isdisjoint(wanted)
        seen |= found_in(text.encode(), everywhere)
    return n, seen


def _rows_name(path: Path, words: Collection[str]) -> bool:
    """Say whether a cell of a SQLite file names somebody."""
    wanted = set(words)
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    if any(isinstance(cell, str) and not tokens_of(cell).isdisjoint(wanted) for cell in row):
                        return True
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be searched: {error}.") from error
    return False
