"""Adjusted p-values for several comparisons."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from counterclick.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false rejection stays below the level.

    Args:
        p_values: any number of p-values; none gives none.

    Returns:
        The adjusted p-values in the order of the input.

    Raises:
        RefusedError: if a value is not between 0 and 1.

    Source: Holm (1979), Scandinavian Journal of Statistics 6.
    """
    ascending = _ascending(p_values)
    m = len(ascending)
    adjusted = accumulate((min(1.0, (m - rank) * p_values[i]) for rank, i in enumerate(ascending)), max)
    return _restored(ascending, adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the expected share of false rejections stays below the level.

    Args:
        p_values: any number of p-values, independent or positively dependent; none gives none.

    Returns:
        The adjusted p-values in the order of the input.

    Raises:
        RefusedError: if a value is not between 0 and 1.

    Source: Benjamini and Hochberg (1995), JRSS B 57, eq. 1.
    """
    descending = _ascending(p_values)[::-1]
    m = len(descending)
    adjusted = accumulate((min(1.0, p_values[i] * m / (m - rank)) for rank, i in enumerate(descending)), min)
    return _restored(descending, adjusted)


def _ascending(p_values: Sequence[float]) -> list[int]:
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise RefusedError(f"a p-value lies between 0 and 1; got {p_value!r}.")
    return sorted(range(len(p_values)), key=lambda i: p_values[i])


def _restored(order: list[int], adjusted: accumulate[float]) -> list[float]:
    placed = dict(zip(order, adjusted, strict=True))
    return [float(placed[i]) for i in range(len(order))]
