"""The pages, in the order of the navigation. A page's own file holds what it asks and what it makes of the answer."""

from typing import Any

from counterclick.web.dashboard.page import Page
from counterclick.web.dashboard.pages.bundles import BUNDLES
from counterclick.web.dashboard.pages.data import DATA
from counterclick.web.dashboard.pages.drift import DRIFT
from counterclick.web.dashboard.pages.experiment import EXPERIMENT, NAMED_EXPERIMENT
from counterclick.web.dashboard.pages.experiments import EXPERIMENTS
from counterclick.web.dashboard.pages.figures import FIGURES
from counterclick.web.dashboard.pages.home import HOME
from counterclick.web.dashboard.pages.interventions import INTERVENTION, INTERVENTIONS
from counterclick.web.dashboard.pages.journeys import JOURNEY, JOURNEYS
from counterclick.web.dashboard.pages.mailings import MAILINGS
from counterclick.web.dashboard.pages.plan import PLAN
from counterclick.web.dashboard.pages.ranking import RANKING
from counterclick.web.dashboard.pages.readiness import READINESS
from counterclick.web.dashboard.pages.replenishment import REPLENISHMENT
from counterclick.web.dashboard.pages.returns import RETURNS
from counterclick.web.dashboard.pages.rows import ROWS
from counterclick.web.dashboard.pages.settings import SETTINGS
from counterclick.web.dashboard.pages.shopify import SHOPIFY
from counterclick.web.dashboard.pages.surfaces import SURFACES
from counterclick.web.dashboard.pages.tuning import TUNING

__all__ = ["PAGES"]

PAGES: tuple[Page[Any], ...] = (
    *(
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
    ),
    *(SHOPIFY, EXPERIMENT, NAMED_EXPERIMENT, INTERVENTION, JOURNEY, FIGURES, ROWS),
)
"""The first one is the home page where none has the address ``/``."""
