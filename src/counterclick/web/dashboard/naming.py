"""How metrics are called on a page, how their values are written, and where experiments stand."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from counterclick.metrics import METRICS
from counterclick.verdicts import Verdict
from counterclick.web.dashboard.speaking import Speech

__all__ = ["MARKS", "address_of", "defined", "experiment_address", "in_words", "label", "unit", "value"]

_LABELS = {"aov": "average order value", "add_to_cart_gmv": "value laid into carts", "ctr": "click-through rate"}
_UNITS = {"count": "a number", "rate": "a share", "seconds": "seconds"}

MARKS = {"won": "good", "lost": "bad", "invalid": "bad", "inconclusive": "missing"}
"""Outcome of a verdict -> how it is marked."""


def in_words(verdict: Verdict) -> str:
    """Return what a verdict concludes: won, lost, inconclusive or invalid, and of which kind."""
    still = {"open": ", returns are still open", "not shown": ", net of returns not shown"}.get(
        verdict.returns_state or "", ""
    )
    return verdict.outcome + (still if verdict.outcome == "won" else "") + (f": {verdict.kind}" if verdict.kind else "")


def label(metric: str) -> str:
    """Return what a metric is called."""
    return _LABELS.get(metric, metric.replace("_", " "))


def defined(metric: str) -> str:
    """Return what a metric means: its one definition, and by whom it is."""
    found = METRICS[metric]
    return f"{found.says} It is called {metric}; {found.role}; defined by {found.source}."


def address_of(page: str, parameter: str, name: str, queried: str | None = None) -> str:
    """Return where something of this name stands; a name that would be taken for parts of a path goes into the query.

    Args:
        page: under which it stands by its name.
        parameter: of the query that takes the name otherwise.
        name: its own.
        queried: the page that reads that query; the same one unless given.

    >>> address_of("/journeys", "order", "#1"), address_of("/journeys", "order", "a/1")
    ('/journeys/%231', '/journeys?order=a%2F1')
    """
    if "/" in name or "\\" in name or name.strip(".") == "":
        return f"{queried or page}?{urlencode({parameter: name})}"
    return f"{page}/{quote(name, safe='')}"


def experiment_address(name: str) -> str:
    """Return where an experiment stands.

    >>> experiment_address("50 % off?"), experiment_address("chat/de")
    ('/experiments/50%20%25%20off%3F', '/experiment?name=chat%2Fde')
    """
    return address_of("/experiments", "name", name, "/experiment")


def unit(metric: str, say: Speech) -> str:
    """Return what a metric is counted in."""
    found = METRICS[metric].unit
    return say.currency if found == "money" else _UNITS[found]


def value(metric: str, amount: float | None, say: Speech) -> str:
    """Return a metric's value as text."""
    if amount is None:
        return "not known"
    kind = METRICS[metric].unit
    if kind == "money":
        return say.money(amount)
    return say.percent(amount, 2) if kind == "rate" else say.number(amount)
