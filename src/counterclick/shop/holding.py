"""A shop that is held open: its store, and the one reading through which it is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from counterclick.attribution import FirstTouch, LastTouch, Rule
from counterclick.config import Config, duration, load_rules
from counterclick.facts import Facts
from counterclick.shop.auditing import Auditing
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, silent
from counterclick.shop.registry import Registry
from counterclick.store import Store

if TYPE_CHECKING:
    from counterclick.shop.fitting import FitReport
    from counterclick.shop.serving import Serving

__all__ = ["Held"]


class Held:
    """A store that is read when the first question is asked, anew after `refresh`, and let go by `close`.

    Args:
        config: what ``shop.toml`` declares.
        folder: where ``shop.toml`` lies; the store is found from there.
        memory_limit: of the embedded database; what ``shop.toml`` says unless given.
        keep_after: seconds; facts that took longer to compute are stored beside the log, for the next time.
        declared: what ``shop.toml`` itself says, without defaults; None where there is no such file.
        file: where it says so.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        *,
        memory_limit: str | None = None,
        keep_after: float = 1.0,
        declared: Mapping[str, Any] | None = None,
        file: Path | None = None,
    ) -> None:
        self.config = config
        self.rules = load_rules(folder / config.bundles.rules)
        self.declared = declared
        self.file = file
        self.folder = folder
        self.store = Store(folder / config.shop.store, config.shop.log)
        self._memory_limit = memory_limit or config.engine.memory
        self._keep_after = keep_after
        self._reading: Reading | None = None
        self._audits: Auditing | None = None
        self._registry = Registry(config, self.store, self.rule, lambda: self.reading, self.refresh)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self.drop()  # nobody waits for facts to be stored
        self.close()

    def close(self) -> None:
        """Move what waits into the log, and let go of the files."""
        self.refresh()
        self.store.drain()
        self.store.close()

    @property
    def is_reading(self) -> bool:
        """Whether the store is being read: a question was asked since the last `refresh`."""
        return self._reading is not None

    def refresh(self) -> None:
        """Forget the facts read so far, once they are stored where that pays; the next question reads the store anew."""
        self._forget()

    @property
    def is_overtaken(self) -> bool:
        """Whether events of the present reading were erased meanwhile, so that its files are gone."""
        return self._reading is not None and self._reading.is_overtaken

    def drop(self) -> None:
        """Let the present reading go, without storing what it has computed."""
        self._reading = self._audits = None

    def _forget(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self.drop()

    @property
    def reading(self) -> Reading:
        """The store as it was when the first question was asked; `refresh` reads it anew."""
        if self._reading is None:
            self._reading = Reading(self.store, self.config, self.folder, self._memory_limit, keep_after=self._keep_after)
        return self._reading

    @property
    def facts(self) -> Facts:
        """All fact tables, as Ibis expressions."""
        return self.reading.facts

    @property
    def rule(self) -> Rule:
        """The shop's rule of attribution."""
        declared = self.config.attribution
        rule = FirstTouch if declared.rule == "first_touch" else LastTouch
        return rule(duration(declared.window), helpful_only=declared.helpful_only)

    @cached_property
    def _serving(self) -> Serving:
        from counterclick.shop.learning import Learning
        from counterclick.shop.serving import Serving

        serves = (Learning(self.store, self.config, self.folder), self.store, self._registry)
        return Serving(self.config, *serves, lambda: self.reading, self._forget, self._fit)

    def _fit(self, names: Collection[str] | None, *, anyway: bool = False, progress: Progress = silent) -> FitReport:
        """Fit what is due: see `counterclick.shop.fitting.fit`."""
        from counterclick.shop.fitting import fit

        given = (self.store, self.config, self.rules, lambda: self.reading, self.refresh, self._past, progress)
        return fit(*given, names=names, anyway=anyway)

    def _past(self, until: datetime) -> Reading:
        """Return the store as it stood before a moment."""
        return Reading(self.store, self.config, self.folder, self._memory_limit, until=until)
