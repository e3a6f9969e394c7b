"""Sufficient statistics that merge: counts, means and centred cross-products of an arm's visitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError, TooFewBuyersError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Moments"]

NOISE = 64 * np.finfo(np.float64).eps
"""A centred square below this fraction of the raw one is rounding, not variation: it is zero."""

IMPOSSIBLE = 1e-9
"""A centred square that is negative by more than this fraction of the raw one cannot be rounding."""

MATRIX = 2
"""Number of dimensions of a table of values."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Count, means and centred cross-products of several values of one set of visitors.

    Moments of disjoint sets of visitors add up (``day_1 + day_2``), so that nothing is computed twice.

    Attributes:
        names: the k values, in the order of the arrays.
        n: number of visitors.
        mean: (k,) means, in each value's own unit; zeros where ``n`` is 0. Read-only.
        m2: (k, k) sums over visitors of (x_i - mean_i)(x_j - mean_j), in the product of the two units.
            Read-only.

    Raises:
        RefusedError: if shapes do not fit, a name occurs twice, or something is not a finite number.
    """

    names: tuple[str, ...]
    n: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]

    def __post_init__(self) -> None:
        names = tuple(self.names)
        k = len(names)
        mean, m2 = np.array(self.mean, dtype=np.float64), np.array(self.m2, dtype=np.float64)
        if len(set(names)) != k:
            raise RefusedError(f"moments of {', '.join(names)}: each name may occur once only.")
        if self.n < 0 or self.n != int(self.n) or mean.shape != (k,) or m2.shape != (k, k):
            raise RefusedError(
                f"moments of {k} values need a whole n >= 0, {k} means and {k} x {k} cross-products; "
                f"got n = {self.n}, means of shape {mean.shape} and cross-products of shape {m2.shape}."
            )
        if not (np.isfinite(mean).all() and np.isfinite(m2).all()):
            raise RefusedError(
                f"moments of {', '.join(names)} contain a value that is missing or infinite; "
                "a visitor without the event counts as 0."
            )
        mean.flags.writeable = m2.flags.writeable = False
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "n", int(self.n))
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "m2", m2)

    @classmethod
    def from_values(cls, names: Sequence[str], values: ArrayLike) -> Moments:
        """Compute the moments of individual values.

        Args:
            names: the k names of the columns.
            values: (n, k) array, one row for each visitor; (n,) does for a single name.

        Returns:
            The moments of the n visitors.

        Raises:
            RefusedError: if the array has another number of columns than there are names, or holds NaN.
        """
        table = np.asarray(values, dtype=np.float64)
        if table.ndim == 1 and len(names) == 1:
            table = table[:, np.newaxis]
        if table.ndim != MATRIX or table.shape[1] != len(names):
            raise RefusedError(f"values of shape {table.shape} do not have one column for each of {', '.join(names)}.")
        if len(table) == 0:
            return cls(tuple(names), 0, np.zeros(len(names)), np.zeros((len(names), len(names))))
        mean = table.mean(axis=0)
        centred = table - mean
        return cls(tuple(names), len(table), mean, centred.T @ centred)

    @classmethod
    def from_sums(
        cls,
        names: Sequence[str],
        n: int,
        sums: ArrayLike,
        products: ArrayLike,
        shift: ArrayLike | None = None,
    ) -> Moments:
        """Compute the moments from one pass of sums, as a database returns them.

        A ``shift`` near the mean (any common value; the result does not depend on it but for rounding) avoids
        the cancellation of large sums of squares.

        Args:
            names: the k names.
            n: number of visitors.
            sums: (k,) sums of x_i - shift_i.
            products: (k, k) sums of (x_i - shift_i)(x_j - shift_j); symmetric.
            shift: (k,) what was subtracted from each value before summing; zeros by default.

        Returns:
            The moments of the n visitors.

        Raises:
            RefusedError: if shapes do not fit, or the sums cannot come from n real numbers (a sum of squares
                smaller than the square of the sum over n).
        """
        k = len(names)
        total = np.asarray(sums, dtype=np.float64)
        raw = np.asarray(products, dtype=np.float64)
        origin = np.zeros(k) if shift is None else np.asarray(shift, dtype=np.float64)
        if total.shape != (k,) or raw.shape != (k, k) or origin.shape != (k,):
            raise RefusedError(
                f"{k} names need {k} sums, {k} x {k} products and {k} shifts; "
                f"got shapes {total.shape}, {raw.shape} and {origin.shape}."
            )
        if n < 1:
            if n < 0 or total.any() or raw.any():
                raise RefusedError(f"sums over n = {n} visitors must be zero, and n at least 0.")
            return cls(tuple(names), n, np.zeros(k), np.zeros((k, k)))
        offset = total / n
        m2 = raw - n * np.outer(offset, offset)
        squares, centred = np.diag(raw), np.diag(m2)
        if (centred < -IMPOSSIBLE * squares).any() or (squares < 0).any():
            wrong = [name for name, c, s in zip(names, centred, squares, strict=True) if c < -IMPOSSIBLE * s or s < 0]
            raise RefusedError(
                f"the sum of squares of {', '.join(wrong)} is smaller than its sum and n = {n} allow; "
                "sums and products must come from the same visitors and the same shift."
            )
        constant = centred <= NOISE * squares
        m2[constant, :] = 0.0
        m2[:, constant] = 0.0
        return cls(tuple(names), n, origin + offset, m2)

    @classmethod
    def total(cls, parts: Iterable[Moments]) -> Moments:
        """Merge the moments of disjoint sets of visitors (Chan, Golub and LeVeque 1983, of many sets at once).

        Means are subtracted from the first one's, so that what is the same everywhere has no spread, exactly.

        Args:
            parts: at least one; all with the same names.

        Raises:
            RefusedError: if there is none, or names differ.
        """
        together = list(parts)
        if not together:
            raise RefusedError("the total of no moments has no names; give at least one part.")
        names = together[0].names
        for other in together:
            _need_same(names, other.names)
        n = np.array([each.n for each in together], dtype=np.float64)
        first = next((each for each in together if each.n), together[0])
        gaps = np.stack([each.mean for each in together]) - first.mean
        offset = n @ gaps / max(n.sum(), 1.0)
        spread = gaps - offset
        m2 = np.sum([each.m2 for each in together], axis=0) + (spread * n[:, np.newaxis]).T @ spread
        return cls(names, sum(each.n for each in together), first.mean + offset, m2)

    def __add__(self, other: Moments) -> Moments:
        """Merge two disjoint sets of visitors (Chan, Golub and LeVeque 1979, 1983)."""
        if not isinstance(other, Moments):
            return NotImplemented
        _need_same(self.names, other.names)
        if self.n == 0 or other.n == 0:
            return self if other.n == 0 else other
        n = self.n + other.n
        gap = other.mean - self.mean
        weight = other.n / n
        return Moments(
            self.names,
            n,
            self.mean + gap * weight,
            self.m2 + other.m2 + np.outer(gap, gap) * (self.n * weight),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        return (
            self.names == other.names
            and self.n == other.n
            and np.array_equal(self.mean, other.mean)
            and np.array_equal(self.m2, other.m2)
        )

    def __hash__(self) -> int:
        return hash((self.names, self.n, self.mean.tobytes(), self.m2.tobytes()))

    def mean_of(self, name: str) -> float:
        """Return the mean per visitor of one value.

        Raises:
            UnknownNameError: if there is no such value.
            TooFewBuyersError: if there is no visitor.
        """
        i = self._position(name)
        self._need(1, f"the mean of {name}")
        return float(self.mean[i])

    def sum_of(self, name: str) -> float:
        """Return the total over visitors of one value; 0 without visitors.

        Raises:
            UnknownNameError: if there is no such value.
        """
        return float(self.mean[self._position(name)] * self.n)

    def variance_of(self, name: str) -> float:
        """Return the unbiased variance (divided by n - 1) of one value.

        Raises:
            UnknownNameError: if there is no such value.
            TooFewBuyersError: if there are fewer than two visitors.
        """
        return self.covariance_of(name, name)

    def covariance_of(self, a: str, b: str) -> float:
        """Return the unbiased covariance (divided by n - 1) of two values of the same visitor.

        Raises:
            UnknownNameError: if there is no such value.
            TooFewBuyersError: if there are fewer than two visitors.
        """
        i, j = self._position(a), self._position(b)
        self._need(2, f"the variance of {a}" if a == b else f"the covariance of {a} and {b}")
        return float(self.m2[i, j] / (self.n - 1))

    def m2_of(self, name: str) -> float:
        """Return the sum of squares of one value about its mean.

        Raises:
            UnknownNameError: if there is no such value.
        """
        i = self._position(name)
        return float(self.m2[i, i])

    def select(self, names: Sequence[str]) -> Moments:
        """Return the moments of some of the values, in the order asked for.

        Raises:
            UnknownNameError: if there is no such value.
        """
        places = [self._position(name) for name in names]
        return Moments(tuple(names), self.n, self.mean[places], self.m2[np.ix_(places, places)])

    def _position(self, name: str) -> int:
        if name not in self.names:
            raise UnknownNameError("moment", name, self.names)
        return self.names.index(name)

    def _need(self, n: int, what: str) -> None:
        if self.n < n:
            raise TooFewBuyersError(f"{what} needs at least {n} visitors; there are {self.n}.")


def _need_same(names: tuple[str, ...], others: tuple[str, ...]) -> None:
    if names != others:
        raise RefusedError(
            f"moments of ({', '.join(names)}) and of ({', '.join(others)}) do not merge; "
            "select the same names in the same order first."
        )
