"""Every error that Counterclick raises on purpose.

One base class; each error is also a kind of a standard exception, so that code which knows nothing of
Counterclick still catches what it expects::

    CounterclickError
    ├── ConfigError          (ValueError)    shop.toml says something that cannot be
    ├── InputError           (ValueError)    a file or an event cannot be read as what it claims to be
    ├── CurrencyError        (ValueError)    amounts in several currencies and no way to convert them
    ├── UnknownNameError     (LookupError)   no experiment, metric, surface, policy of that name
    ├── EmptyStoreError      (LookupError)   nothing recorded yet that could answer
    ├── StoreError           (OSError)       the inbox or the log cannot be read or written
    ├── EngineError          (OSError)       the engine that shop.toml names cannot be had, or cannot say it
    └── RefusedError         (ValueError)    a number that would mislead is not given
        └── TooFewBuyersError               an arm without enough orders to compare

A message says what was asked, what is wrong, and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

__all__ = [
    "ConfigError",
    "CounterclickError",
    "CurrencyError",
    "EmptyStoreError",
    "EngineError",
    "InputError",
    "RefusedError",
    "StoreError",
    "TooFewBuyersError",
    "UnknownNameError",
    "did_you_mean",
]


class CounterclickError(Exception):
    """Base class of all errors raised on purpose."""

    def __reduce__(self) -> tuple[Callable[..., CounterclickError], tuple[object, ...]]:
        """Say how another process has the same error: by its message, whatever it was made of."""
        return _again, (type(self), *self.args)


class ConfigError(CounterclickError, ValueError):
    """``shop.toml`` or an argument says something that cannot be."""


class InputError(CounterclickError, ValueError):
    """A file or an event cannot be read as what it claims to be."""


class ConflictError(CounterclickError, ValueError):
    """Something else was asked under the same id."""


class CurrencyError(CounterclickError, ValueError):
    """Amounts stand in several currencies and no rate table converts them."""


class UnknownNameError(CounterclickError, LookupError):
    """Nothing of that kind has that name.

    Args:
        kind: what was looked for, for instance ``"experiment"``.
        name: the name that was asked for.
        known: the names there are.
        remedy: what would be right, where the list of names does not say it.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        known = sorted(known)
        parts = [f"no {kind} is named {name!r}."]
        if known:
            parts.append(did_you_mean(name, known) + f"There are: {', '.join(known)}.")
        else:
            parts.append(f"There is no {kind} yet.")
        if remedy:
            parts.append(remedy)
        super().__init__(" ".join(parts))


class EmptyStoreError(CounterclickError, LookupError):
    """Nothing has been recorded yet that could answer the question."""


class StoreError(CounterclickError, OSError):
    """The inbox or the log cannot be read or written."""


class EngineError(CounterclickError, OSError):
    """The engine that ``shop.toml`` names cannot be had, or cannot compute what was asked."""


class RefusedError(CounterclickError, ValueError):
    """A number is not given because it would mislead; the message says why."""


class TooFewBuyersError(RefusedError):
    """An arm has too few buyers for the comparison that was asked for."""


def _again(kind: type[CounterclickError], *args: object) -> CounterclickError:
    return kind.__new__(kind, *args)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"Did you mean 'x'? "`` for the nearest known name, or an empty string."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}? " if near else ""
