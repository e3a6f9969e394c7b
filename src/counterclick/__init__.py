"""Counterclick measures an online store's AI features on completed orders, and says which of them earn money.

>>> import counterclick as cc
>>> shop = cc.demo(visitors=20_000)
>>> shop.experiment("chat").verdict().outcome
'inconclusive'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from counterclick.lazily import loading

if TYPE_CHECKING:
    from counterclick.attribution import FirstTouch, LastTouch
    from counterclick.decisions import Decision, Policy
    from counterclick.errors import CounterclickError
    from counterclick.experiments import Experiment
    from counterclick.metrics import Metric
    from counterclick.shop import Shop, demo
    from counterclick.shop import open_shop as open
    from counterclick.verdicts import Verdict

__all__ = [
    "CounterclickError",
    "Decision",
    "Experiment",
    "FirstTouch",
    "LastTouch",
    "Metric",
    "Policy",
    "Shop",
    "Verdict",
    "demo",
    "open",
]

_HOMES = {
    "CounterclickError": ("errors", "CounterclickError"),
    "Decision": ("decisions", "Decision"),
    "Experiment": ("experiments", "Experiment"),
    "FirstTouch": ("attribution", "FirstTouch"),
    "LastTouch": ("attribution", "LastTouch"),
    "Metric": ("metrics", "Metric"),
    "Policy": ("decisions", "Policy"),
    "Shop": ("shop", "Shop"),
    "Verdict": ("verdicts", "Verdict"),
    "demo": ("shop", "demo"),
    "open": ("shop", "open_shop"),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first asked for: the command line stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'counterclick' has no attribute {name!r}; it has: {', '.join(__all__)}")
    room, own = _HOMES[name]
    with loading():
        value = getattr(importlib.import_module(f"counterclick.{room}"), own)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
