"""Verbs that take what comes, and who may send, look and ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterclick.errors import ConfigError, InputError
from counterclick.events.vocabulary import Event
from counterclick.shop.recording import Progress, Recorded, record_bodies, record_file, silent
from counterclick.shop.telling import Telling

if TYPE_CHECKING:
    from counterclick.shop.access import Access
    from counterclick.shop.compacting import Compacted
    from counterclick.shop.keys import Keys
    from counterclick.shop.rights import Rights
    from counterclick.shop.senders import Senders

__all__ = ["Taking"]

_DRAIN_ABOVE = 2_000


class Taking(Telling):
    """A shop to which events come."""

    def record(
        self,
        events: str | Path | Iterable[Mapping[str, Any] | Event],
        *,
        mapping: str | None = None,
        sender: str | None = None,
        as_of: datetime | None = None,
        progress: Progress = silent,
    ) -> Recorded:
        """Record a file, or single events; when this returns they are on disk.

        Args:
            events: path of a CSV, Parquet or JSON-lines file, or objects in the vocabulary.
            mapping: for files in other words: the mapping's name; by default the one whose pattern fits.
            sender: for files in a known sender's words: ``ga4``, ``klaviyo``, ``merchant`` or ``segment``.
            as_of: for product feeds: from when on it holds, UTC; when the file was last changed unless given.
            progress: called with each step and the fraction done.

        Raises:
            ConfigError: a mapping and a sender are named, or ``as_of`` for what is no feed.
            UnknownNameError: no such sender's files are read.
            InputError: the file cannot be read as what it should be, or no list of events is given; nothing was recorded.
            StoreError: it could not be written; nothing was recorded.
        """
        from counterclick.shop.translating import record_translated

        if sender is not None:
            if mapping is not None or not isinstance(events, str | Path):
                raise ConfigError("a sender is named for a file, and instead of a mapping.")
            recorded = record_translated(self.store, self.config, Path(events), sender, as_of=as_of, progress=progress)
        elif as_of is not None:
            raise ConfigError("as_of is for a product feed: name its sender, merchant.")
        elif isinstance(events, str | Path):
            recorded = record_file(self.store, self.config, Path(events), mapping=mapping, progress=progress)
        elif isinstance(events, Mapping):
            raise InputError("one event is recorded in a list: [event].")
        elif hasattr(events, "__arrow_c_stream__"):  # Arrow, pandas, Polars, DuckDB
            raise InputError("a table is recorded as a file: write it as Parquet, and give its path.")
        else:
            recorded = record_bodies(self.store, self.config, events)
            if self.store.inbox.count() > _DRAIN_ABOVE:
                self.store.drain()
        self.refresh()
        return recorded

    def compact(self) -> Compacted:
        """Move what waits into the log, and make the log of few files: see `counterclick.shop.compacting.compact`.

        Raises:
            StoreError: another process writes for too long, or the log could not be written.
        """
        from counterclick.shop.compacting import compact

        self.refresh()
        compacted = compact(self.store)
        self.refresh()
        return compacted

    @property
    def keys(self) -> Keys:
        """The keys with which events are sent and figures are read over HTTP."""
        from counterclick.shop.keys import Keys

        return Keys(self.store)

    @property
    def access(self) -> Access:
        """Who may look at the shop's pages: the password, who is signed in, and links to single pages."""
        from counterclick.shop.access import Access

        return Access(self.store)

    @property
    def rights(self) -> Rights:
        """What a person may ask of what is kept: to be forgotten, and to be shown it."""
        from counterclick.shop.rights import Rights

        return Rights(self.store, self.config, self.refresh)

    @property
    def senders(self) -> Senders:
        """Whom the shop hears from and tells: a Shopify store step by step, its export, and Klaviyo."""
        from counterclick.shop.senders import Senders

        return Senders(self.store, self.config, lambda: self.reading, self.refresh)
