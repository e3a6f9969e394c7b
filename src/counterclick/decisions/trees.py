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


_ROWS = 2_000
"""Rows that are asked at once: it bounds the memory."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees whose values add up to log odds; nodes of all trees lie behind each other, and a leaf leads to itself.

    Attributes:
        start: log odds before the first tree.
        root: first node of each tree.
        feature: what a node asks; 0 of a leaf.
        threshold: at or below it, go left.
        left: the next node.
        right: the next node.
        value: what a leaf adds.
        depth: steps from a root to the deepest leaf.
    """

    start: float
    root: NDArray[np.int64]
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
        found = np.empty(len(features))
        for first in range(0, len(features), _ROWS):
            found[first : first + _ROWS] = self._some(features[first : first + _ROWS])
        return found

    def _some(self, features: Numbers) -> Numbers:
        n_rows, n_features = features.shape
        flat = np.ascontiguousarray(features).ravel()
        begin = np.repeat(np.arange(n_rows) * n_features, len(self.root))
        node = np.tile(self.root, n_rows)
        for _step in range(self.depth):
            goes_left = flat.take(begin + self.feature.take(node)) <= self.threshold.take(node)
            node = np.where(goes_left, self.left.take(node), self.right.take(node))
        total: Numbers = self.start + self.value.take(node).reshape(n_rows, -1).sum(axis=1)
        return total

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and lists."""
        arrays = {name: getattr(self, name).tolist() for name in ("root", "feature", "threshold", "left", "right", "value")}
        return {"start": self.start, "depth": self.depth, **arrays}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Trees:
        """Return what `to_plain` wrote."""
        root, feature, left, right = (np.array(plain[name], np.int64) for name in ("root", "feature", "left", "right"))
        threshold, value = (np.array(plain[name], np.float64) for name in ("threshold", "value"))
        return cls(float(plain["start"]), root, feature, threshold, left, right, value, int(plain["depth"]))


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
    sizes = np.array([len(nodes) for nodes in grown])
    root = np.cumsum(sizes) - sizes
    begin = np.repeat(root, sizes)
    nodes = np.concatenate(grown)
    itself, leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
    feature = np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64)
    left, right = (np.where(leaf, itself, begin + nodes[side]).astype(np.int64) for side in ("left", "right"))
    threshold, value = np.where(leaf, 0.0, nodes["num_threshold"]), np.where(leaf, nodes["value"], 0.0)
    depth = max(int(nodes["depth"].max()) for nodes in grown)
    start = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001 - as above
    return Trees(start, root, feature, threshold, left, right, value, depth)
