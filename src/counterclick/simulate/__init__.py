"""A shop whose truth is known: every true effect is a parameter and is returned with the data."""

from counterclick.simulate.shop import Simulation, simulate
from counterclick.simulate.surfaces import DEFAULT_SURFACES, Arm, SurfaceTruth
from counterclick.simulate.truth import ShopTruth

__all__ = ["DEFAULT_SURFACES", "Arm", "ShopTruth", "Simulation", "SurfaceTruth", "simulate"]
