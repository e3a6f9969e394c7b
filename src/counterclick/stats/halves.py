"""How the halves of an on/off test's cycle are cut into blocks: days, and nothing that is estimated from them."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.errors import RefusedError

__all__ = ["WEEK", "Halves", "halves"]

WEEK = 7


@dataclass(frozen=True, slots=True)
class Halves:
    """How each half of a cycle is cut into blocks.

    Attributes:
        block_of_day: block, from 0, of each day of a half.
        counts: whether the day counts; the washout's days do not.
    """

    block_of_day: tuple[int, ...]
    counts: tuple[bool, ...]

    @property
    def days(self) -> int:
        """Days of one half."""
        return len(self.block_of_day)

    @property
    def pairs(self) -> int:
        """Pairs of one cycle."""
        return self.block_of_day[-1] + 1


def halves(block_days: int, washout_days: int = 0) -> Halves:
    """Return how the halves of a cycle are cut.

    Blocks of 1, 2 or 3 days cut a week (2: into 3, 2 and 2 days; 3: into 4 and 3), so that a pair is the same weekdays
    of two consecutive weeks. A block of whole weeks is a half by itself.

    The washout is taken from the beginning of *every* block, whether the coin really switched there or not: which
    days count must not depend on the coins, or the test would no longer be exact.

    Args:
        block_days: least length of a block: 1, 2, 3 or a multiple of 7.
        washout_days: first days of each block that do not count; fewer than the block has.

    Raises:
        RefusedError: another length, or a washout that leaves nothing of a block.
    """
    if not (block_days in (1, 2, 3) or (block_days >= WEEK and block_days % WEEK == 0)):
        raise RefusedError(
            f"a block has 1, 2 or 3 days, or whole weeks (7, 14, ... days), so that pairs hold the same weekdays; "
            f"it was {block_days}."
        )
    if not 0 <= washout_days < block_days:
        raise RefusedError(
            f"a washout must leave something of a block of {block_days} days: it has 0 to {block_days - 1} days; "
            f"it was {washout_days}."
        )
    days = max(WEEK, block_days)
    n_blocks = days // block_days if block_days < WEEK else 1
    lengths = [days // n_blocks + (number < days % n_blocks) for number in range(n_blocks)]
    block_of_day = tuple(number for number, length in enumerate(lengths) for _ in range(length))
    counts = tuple(place >= washout_days for length in lengths for place in range(length))
    return Halves(block_of_day, counts)
