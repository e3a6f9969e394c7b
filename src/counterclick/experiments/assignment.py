"""Who sees what: a visitor's arm, recomputable in any engine or browser.

``int(sha256("salt:unit").hexdigest()[:8], 16) % 10000`` is a bucket from 0 to 9,999; arms take the buckets in the
order in which ``shop.toml`` declares them, each as many as its share of 10,000.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterclick.errors import ConfigError

__all__ = ["BUCKETS", "assign", "bounds", "bucket", "buckets", "split"]

BUCKETS = 10_000
_SPLITS = 256
"""Salts and shares whose arms are remembered: those of a shop's experiments."""


def bucket(salt: str, unit: str) -> int:
    """Return the bucket, 0 to 9,999, of a unit in the experiment with this salt."""
    return int.from_bytes(hashlib.sha256(f"{salt}:{unit}".encode()).digest()[:4], "big") % BUCKETS


def buckets(salt: str, units: Sequence[str]) -> NDArray[np.uint16]:
    """Return the bucket of every unit, shape (n,): the same numbers as `bucket`, sooner."""
    start, sha256 = hashlib.sha256(f"{salt}:".encode()), hashlib.sha256
    digests = bytearray()
    for unit in units:
        hashed = start.copy()
        hashed.update(unit.encode())
        digests += hashed.digest()
    first_word = np.frombuffer(bytes(digests), dtype=">u4")[:: sha256().digest_size // 4]
    return (first_word % BUCKETS).astype(np.uint16)


def bounds(shares: Mapping[str, float]) -> list[tuple[str, int]]:
    """Return each arm with the first bucket above it.

    Args:
        shares: arm -> fraction of visitors, in declared order; they add up to 1.

    Raises:
        ConfigError: a share is not a positive fraction of ten-thousandths, or they do not add up to 1.
    """
    for arm, share in shares.items():
        if not share > 0 or abs(share * BUCKETS - round(share * BUCKETS)) > 1e-6:  # noqa: PLR2004 - rounding only
            raise ConfigError(
                f"variant {arm!r} has the share {share}; a share is a positive multiple of 1/{BUCKETS}, such as 0.5."
            )
    counts = {arm: round(share * BUCKETS) for arm, share in shares.items()}
    if sum(counts.values()) != BUCKETS:
        raise ConfigError(f"the shares of {', '.join(shares)} add up to {sum(shares.values()):g}; they must add up to 1.")
    edges: list[tuple[str, int]] = []
    top = 0
    for arm, count in counts.items():
        top += count
        edges.append((arm, top))
    return edges


def assign(salt: str, unit: str, shares: Mapping[str, float]) -> str:
    """Return the arm of a unit.

    Args:
        salt: the experiment's salt; its name unless it declares another.
        unit: the visitor id.
        shares: arm -> fraction of visitors, in declared order.

    Raises:
        ConfigError: the shares are not positive or do not add up to 1.

    >>> assign("cart-bundles", "v1", {"bestsellers": 0.5, "bundles": 0.5})
    'bundles'
    """
    return _split(salt, tuple(shares.items()))(unit)


def split(salt: str, shares: Mapping[str, float]) -> Callable[[str], str]:
    """Return what says the arm of a unit, as `assign` does: for many units, one at a time.

    Args:
        salt: see `assign`.
        shares: see there.

    Raises:
        ConfigError: the shares are not positive or do not add up to 1.

    >>> arm_of = split("cart-bundles", {"bestsellers": 0.5, "bundles": 0.5})
    >>> arm_of("v1")
    'bundles'
    """
    return _split(salt, tuple(shares.items()))


@lru_cache(_SPLITS)
def _split(salt: str, shares: tuple[tuple[str, float], ...]) -> Callable[[str], str]:
    edges = [("", 0), *bounds(dict(shares))]
    arms = tuple(arm for (_, start), (arm, top) in pairwise(edges) for _nth in range(start, top))
    sha256, number = hashlib.sha256, int.from_bytes

    def arm_of(unit: str) -> str:  # `bucket`, written out: a call takes as long as half of it
        return arms[number(sha256(f"{salt}:{unit}".encode()).digest()[:4], "big") % BUCKETS]

    return arm_of
