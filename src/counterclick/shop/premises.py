"""What of a shop is there before anything is asked: its configuration, its store, its keys.

That is all that taking events and evaluating flags need. The verbs of `Shop` load statistics, plots and tables with them:
a server begins without these, and has them when the first question comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from counterclick import shop as rooms  # whose verbs are loaded when they are asked for
from counterclick.config import Config, declared, load, load_rules
from counterclick.shop.access import Access
from counterclick.shop.keys import Keys
from counterclick.shop.listing import Settings, settings_of
from counterclick.shop.requests import Requests
from counterclick.store import Store

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["Premises", "open_premises"]


class Premises:
    """A shop without its verbs.

    Args:
        config: what ``shop.toml`` declares.
        folder: where ``shop.toml`` lies; the store is found from there.
        said: what ``shop.toml`` itself says, without defaults; None where there is no such file.
        file: where it says so.
    """

    def __init__(
        self, config: Config, folder: Path, said: Mapping[str, Any] | None = None, file: Path | None = None
    ) -> None:
        self.config = config
        self.folder = folder
        self._said = said
        self._file = file
        self.store = Store(folder / config.shop.store, config.shop.log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Move what waits into the log, and let go of the files."""
        self.store.drain()
        self.store.close()

    @property
    def keys(self) -> Keys:
        """The keys with which events are sent and figures are read over HTTP."""
        return Keys(self.store)

    @property
    def requests(self) -> Requests:
        """What Shopify asks about people."""
        return Requests(self.store)

    @property
    def access(self) -> Access:
        """Who may look at the pages."""
        return Access(self.store)

    def settings(self) -> Settings:
        """Return ``shop.toml`` as it was read: every setting, whether it is set, its meaning, and what is missing."""
        return settings_of(self.config, self._said, self.folder, file=self._file)

    def shop(self) -> Shop:
        """Return the shop with its verbs, with a store and a reading of its own.

        Raises:
            ConfigError: ``shop.toml`` declares an experiment that cannot be judged.
        """
        return rooms.Shop(self.config, self.folder, declared=self._said, file=self._file)


def open_premises(path: str | Path = "shop.toml") -> Premises:
    """Return a shop without its verbs by its ``shop.toml``.

    Raises:
        ConfigError: the file is not there or says something that cannot be.
        StoreError: the store cannot be opened.
    """
    file = Path(path)
    config = load(file)
    load_rules(file.resolve().parent / config.bundles.rules)  # what is wrong there is told before anybody is served
    return Premises(config, file.resolve().parent, declared(file), file.resolve())
