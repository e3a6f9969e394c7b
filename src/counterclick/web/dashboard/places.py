"""Where each page is, so that it is loaded when somebody first looks at it: what it asks and shows is in its own file."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterclick.lazily import loading

if TYPE_CHECKING:
    from counterclick.web.dashboard.page import Page

__all__ = [
    "BUNDLES",
    "DATA",
    "DRIFT",
    "EXPERIMENT",
    "EXPERIMENTS",
    "FIGURES",
    "HOME",
    "INTERVENTION",
    "INTERVENTIONS",
    "JOURNEY",
    "JOURNEYS",
    "MAILINGS",
    "NAMED_EXPERIMENT",
    "PLACES",
    "PLAN",
    "RANKING",
    "READINESS",
    "REPLENISHMENT",
    "RETURNS",
    "ROWS",
    "SETTINGS",
    "SHOPIFY",
    "SURFACES",
    "TUNING",
    "Place",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is.

    Attributes:
        path: its address, such as ``/drift``; ``/experiments/{name:str}`` where a part of it varies.
        title: what it is called.
        home: its file among the pages, and its name there: ``drift.DRIFT``.
        is_listed: whether the navigation names it.
    """

    path: str
    title: str
    home: str
    is_listed: bool = True

    def page(self) -> Page[Any]:
        """Return the page, which is loaded with what judges and draws where nobody has looked at it before."""
        file, _, name = self.home.partition(".")
        with loading():
            found: Page[Any] = getattr(importlib.import_module(f"counterclick.web.dashboard.pages.{file}"), name)
        return found


HOME = Place("/", "Revenue impact", "home.HOME")
SURFACES = Place("/surfaces", "Surfaces", "surfaces.SURFACES")
EXPERIMENTS = Place("/experiments", "Experiments", "experiments.EXPERIMENTS")
PLAN = Place("/plan", "Plan", "plan.PLAN")
INTERVENTIONS = Place("/interventions", "Interventions", "interventions.INTERVENTIONS")
BUNDLES = Place("/bundles", "Bundles", "bundles.BUNDLES")
RANKING = Place("/ranking", "Ranking", "ranking.RANKING")
RETURNS = Place("/returns", "Returns", "returns.RETURNS")
REPLENISHMENT = Place("/replenishment", "Replenishment", "replenishment.REPLENISHMENT")
MAILINGS = Place("/mailings", "E-mail blocks", "mailings.MAILINGS")
TUNING = Place("/tuning", "Tuning", "tuning.TUNING")
JOURNEYS = Place("/journeys", "Journeys", "journeys.JOURNEYS")
DRIFT = Place("/drift", "Drift", "drift.DRIFT")
DATA = Place("/data", "Data health", "data.DATA")
READINESS = Place("/readiness", "Readiness", "readiness.READINESS")
SETTINGS = Place("/settings", "Settings", "settings.SETTINGS")
SHOPIFY = Place("/shopify", "Connect Shopify", "shopify.SHOPIFY")
EXPERIMENT = Place("/experiments/{name:str}", "Experiment", "experiment.EXPERIMENT", is_listed=False)
NAMED_EXPERIMENT = Place("/experiment", "Experiment", "experiment.NAMED_EXPERIMENT", is_listed=False)
INTERVENTION = Place("/interventions/{policy:str}", "Intervention", "interventions.INTERVENTION", is_listed=False)
JOURNEY = Place("/journeys/{order:str}", "Journey", "journeys.JOURNEY", is_listed=False)
FIGURES = Place("/figures/{metric:str}", "Figures", "figures.FIGURES", is_listed=False)
ROWS = Place("/rows/{of:str}", "Rows", "rows.ROWS", is_listed=False)

PLACES = (
    HOME,
    SURFACES,
    EXPERIMENTS,
    PLAN,
    INTERVENTIONS,
    BUNDLES,
    RANKING,
    RETURNS,
    REPLENISHMENT,
    MAILINGS,
    TUNING,
    JOURNEYS,
    DRIFT,
    DATA,
    READINESS,
    SETTINGS,
    SHOPIFY,
    EXPERIMENT,
    NAMED_EXPERIMENT,
    INTERVENTION,
    JOURNEY,
    FIGURES,
    ROWS,
)
"""All of them: those that are listed in the order of the navigation."""
