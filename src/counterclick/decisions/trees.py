"""Boosted trees as numbers: fitted by scikit-learn, kept and asked without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trees", "fitted_trees"]

Numbers = NDArray[np.float64]
_ROUNDS, _PACE, _LEAVES, _LEAST, _RIDGE = 150, 0.05, 15, 100, 5.0
"""Trees, how far each goes, leaves of each, lines in a leaf at least, and shrinkage: tried on Online Retail."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees whose values add up to log odds; every array has the shape (trees, nodes).

    Attributes:
        start: log odds before the first tree.
        feature: what a node asks; -1 for a leaf.
        threshold: at or below it, go left.
        left: the next node.
        right: the next node.
        value: what a leaf adds.
        depth: steps from a root to the deepest leaf.
    """

    start: float
    feature: NDArray[np.int64]
    threshold: Numbers
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Numbers
    depth: int

    def log_odds(self, features: Numbers) -> Numbers:
        """Return the log odds of each row.

        Args:
            features: shape (rows, features), finite.
        """
        rows = np.arange(len(features))[:, None]
        trees = np.arange(len(self.value))[None, :]
        node = np.zeros((len(features), len(self.value)), np.int64)
        for _step in range(self.depth):
            asked = self.feature[trees, node]
            further = np.where(
                features[rows, np.maximum(asked, 0)] <= self.threshold[trees, node],
                self.left[trees, node],
                self.right[trees, node],
            )
            node = np.where(asked < 0, node, further)
        total: Numbers = self.start + self.value[trees, node].sum(axis=1)
        return total

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and lists."""
        arrays = {name: getattr(self, name).tolist() for name in ("feature", "threshold", "left", "right", "value")}
        return {"start": self.start, "depth": self.depth, **arrays}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Trees:
        """Return what `to_plain` wrote."""
        feature, left, right = (np.array(plain[name], np.int64) for name in ("feature", "left", "right"))
        threshold, value = (np.array(plain[name], np.float64) for name in ("threshold", "value"))
        return cls(float(plain["start"]), feature, threshold, left, right, value, int(plain["depth"]))


def fitted_trees(features: Numbers, returned: NDArray[np.bool_]) -> Trees:
    """Return boosted trees that tell returned lines from others; the same from the same rows.

    Args:
        features: shape (rows, features), finite.
        returned: of each row; some are, some are not.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second to load, and only a fit needs it

    model = HistGradientBoostingClassifier(
        max_iter=_ROUNDS,
        learning_rate=_PACE,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_LEAST,
        l2_regularization=_RIDGE,
        early_stopping=False,
        random_state=0,
    ).fit(features, returned)
    grown = [stage[0].nodes for stage in model._predictors]  # noqa: SLF001 - told nowhere else; a test lays both side by side
    shape = (len(grown), max(len(nodes) for nodes in grown))
    feature, left, right = np.full(shape, -1, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    threshold, value = np.zeros(shape), np.zeros(shape)
    for n, nodes in enumerate(grown):
        size = len(nodes)
        feature[n, :size] = np.where(nodes["is_leaf"], -1, nodes["feature_idx"])
        threshold[n, :size], value[n, :size] = nodes["num_threshold"], nodes["value"]
        left[n, :size], right[n, :size] = nodes["left"], nodes["right"]
    depth = max(int(nodes["depth"].max()) for nodes in grown)
    start = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001 - as above
    return Trees(start, feature, threshold, left, right, value, depth)
