"""A logistic model as numbers: fitted by scikit-learn, kept and asked without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Linear", "fitted_logistic"]

Numbers = NDArray[np.float64]
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Linear:
    """Log odds that are a sum.

    Attributes:
        constant: where all is 0.
        weights: one for each column.
    """

    constant: float
    weights: tuple[float, ...]

    def __call__(self, columns: Numbers) -> Numbers:
        """Return the log odds of each row."""
        found: Numbers = self.constant + columns @ np.array(self.weights)
        return found

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Linear:
        """Return one that was written as a name for each attribute, also after it was JSON."""
        return cls(float(plain["constant"]), tuple(map(float, plain["weights"])))


def fitted_logistic(columns: Numbers, came: NDArray[np.bool_]) -> Linear:
    """Return a logistic model, each column in its own spread so that all are shrunk alike.

    Args:
        columns: shape (rows, columns), finite.
        came: of each row, whether it came true; some did, and some did not.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a second to load, and only a fit needs it

    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > _EDGE, spread, np.inf)  # what is the same everywhere says nothing
    model = LogisticRegression(max_iter=1_000).fit((columns - middle) / spread, came)
    weights = model.coef_[0] / spread
    return Linear(float(model.intercept_[0] - weights @ middle), tuple(weights.tolist()))
