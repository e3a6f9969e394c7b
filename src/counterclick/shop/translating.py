"""Recording what a sender says in its own words: what a payload became, and whole files as one commit."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from counterclick.config import Config
from counterclick.connectors.sender_files import FORMATS, Part, parts_of_file
from counterclick.connectors.tables import lines_sql
from counterclick.connectors.translated import Translated
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.events.bulk import columns_sql, quoted
from counterclick.events.door import Context, admit_one
from counterclick.events.redaction import scrubbed, scrubbed_body
from counterclick.events.rejection import Rejection
from counterclick.shop.receiving import lines_of
from counterclick.shop.recording import Progress, Recorded, counted, digest_of, silent
from counterclick.store import Store
from counterclick.store.sources import connect

__all__ = ["handed_over", "record_translated"]

_AT_ONCE = 2_000


def handed_over(sent: Any, became: Translated) -> list[Mapping[str, Any] | Rejection]:
    """Return what one payload became, as the door takes it: its events, and what of it was refused, redacted.

    Args:
        sent: the payload, decoded.
        became: what a translator made of it.
    """
    if not became.refused:
        return list(became.bodies)
    body = scrubbed_body(sent if isinstance(sent, str) else msgspec.json.encode(sent).decode(errors="replace"))
    refused = [Rejection(reason=reason, details=scrubbed(says), body=body) for reason, says in became.refused]
    return [*became.bodies, *refused]


def record_translated(
    store: Store,
    config: Config,
    path: Path,
    sender: str,
    *,
    as_of: datetime | None = None,
    progress: Progress = silent,
    received_at: datetime | None = None,
) -> Recorded:
    """Record a file in a sender's own words as one commit; a file recorded before changes nothing.

    Args:
        store: where.
        config: the shop's configuration.
        path: the file.
        sender: whose words it is in, of `counterclick.connectors.sender_files.FORMATS`.
        as_of: from when on a feed holds; when the file was last changed unless given.
        progress: called with each step.
        received_at: our clock; now unless given.

    Raises:
        UnknownNameError: no such sender's files are read.
        ConfigError: ``as_of`` is given and the file is no feed, or has no time zone.
        InputError: the file cannot be read as what it should be; nothing was recorded.
        StoreError: the log could not be written; nothing was recorded.
    """
    if sender not in FORMATS:
        raise UnknownNameError("sender", sender, FORMATS, "These are the senders whose files are read with --as.")
    if as_of is not None and (not FORMATS[sender].feed or as_of.tzinfo is None):
        raise ConfigError(
            "as_of is a moment with its zone from which a product feed holds; other files tell their own times."
        )
    progress("looking whether it is known", 0.0)
    digest = digest_of(path)
    now = received_at or datetime.now(UTC)
    holds_from = as_of or datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    at = holds_from if FORMATS[sender].feed else now
    told = f"{sender}|{holds_from.astimezone(UTC).isoformat()}" if FORMATS[sender].feed else sender
    transaction = f"file:{digest}:{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    if store.log.snapshot().transaction(transaction) is not None:
        return Recorded(path.name, 0, 0, known=True)
    context = Context(now, sender, config.shop.currency, store.key)
    skipped: Counter[str] = Counter()
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as lines, contextlib.closing(connect()) as duck:
        n_rows = _write_lines(lines, parts_of_file(path, sender, at), context, skipped, progress)
        progress("writing", 0.7)
        arrived = f"TIMESTAMPTZ '{now.isoformat()}' AS received_at, {quoted(sender)} AS source"
        rows = columns_sql(f"SELECT {arrived}, line FROM {lines_sql(Path(lines.name))}") if n_rows else None
        report = {"name": path.name, "n_rows": n_rows, "skipped": dict(skipped), "mapping": sender}
        appended = store.append_rows(duck, rows or columns_sql(_NO_LINES), name=transaction, report=report)
    progress("counting", 0.9)
    recorded = Recorded(path.name, n_rows, 0, appended.n_repeated, skipped=dict(skipped.most_common()))
    return counted(store, recorded, appended.n_written, now, sender)


_NO_LINES = "SELECT now() AS received_at, '' AS source, '' AS line WHERE false"


def _write_lines(lines: IO[str], parts: Iterator[Part], context: Context, skipped: Counter[str], progress: Progress) -> int:
    """Take the parts of a file through the door, and write what came of them as the inbox would hold it; return how many."""
    n_parts, n_judged = 0, 0
    while chunk := list(islice(parts, _AT_ONCE)):
        n_parts += len(chunk)
        progress(f"translating, {n_parts:,} so far", 0.3)
        skipped.update(name for part in chunk for name in part.became.skipped)
        sent = [one for part in chunk for one in handed_over(part.sent, part.became)]
        judged = [one if isinstance(one, Rejection) else admit_one(one, context) for one in sent]
        lines.writelines(f"{line}\n" for line in lines_of(judged, context, n_judged))
        n_judged += len(judged)
    lines.flush()
    return n_parts
