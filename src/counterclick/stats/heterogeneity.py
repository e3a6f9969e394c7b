"""Do several effects differ from one another by more than chance?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Heterogeneity", "heterogeneity"]

SINGULAR = 1e-12
"""An eigenvalue of the correlations below this means that one effect follows from the others."""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """A test of equal effects.

    Attributes:
        q: weighted sum of squared distances from the common effect (Cochran's Q).
        df: number of effects less one.
        p_value: chance of a Q this large where all effects are equal.
        common: the common effect, weighted by precision.
    """

    q: float
    df: int
    p_value: float
    common: float


def heterogeneity(effects: ArrayLike, covariance: ArrayLike) -> Heterogeneity:
    """Test that effects are all the same.

    Args:
        effects: (k,) at least two, such as log ratios of disjoint slices.
        covariance: (k, k) of the effects; (k,) variances where they are independent.

    Returns:
        The test. With independent effects it is Cochran's Q; else its generalised least squares form.

    Raises:
        RefusedError: if there are fewer than two effects, shapes do not fit, or the covariance is not that of k effects
            of which none follows from the others.

    Source: Cochran (1954), Biometrics 10, eq. 25; with covariances Becker and Raudenbush (1992), Psychological Bulletin
    111.
    """
    values = np.asarray(effects, dtype=np.float64)
    given = np.asarray(covariance, dtype=np.float64)
    matrix = np.diag(given) if given.ndim == 1 else given
    k = len(values)
    if values.shape != (k,) or k <= 1 or matrix.shape != (k, k) or not np.isfinite(values).all():
        raise RefusedError(
            f"{k} effects with a covariance of shape {given.shape}; two effects or more are needed, and k x k numbers."
        )
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not (np.isfinite(matrix).all() and (scale > 0).all()):
        raise RefusedError("every effect needs a variance above zero.")
    correlation = matrix / np.outer(scale, scale)
    if not np.allclose(correlation, correlation.T) or float(np.linalg.eigvalsh(correlation)[0]) < SINGULAR:
        raise RefusedError("the covariance must be symmetric, and no effect may follow from the others.")
    weights = np.linalg.solve(correlation, np.column_stack([1 / scale, values / scale])) / scale[:, np.newaxis]
    common = float(weights[:, 1].sum() / weights[:, 0].sum())
    gaps = (values - common) / scale
    q = max(0.0, float(gaps @ np.linalg.solve(correlation, gaps)))
    return Heterogeneity(q, k - 1, float(special.chdtrc(k - 1, q)), common)
