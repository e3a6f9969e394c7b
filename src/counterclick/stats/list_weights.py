"""Weights of lists: how much more likely a policy shows what was shown, where several things were shown at once.

Whole lists hardly ever repeat, so that their own probabilities say nothing. What is taken instead is that a list is worth
the sum of what it shows, whatever stands beside it (Swaminathan et al. 2017): then it is enough how often each thing, and
each two of them, are shown together.
"""

from __future__ import annotations

from counterclick.errors import RefusedError

__all__ = ["list_weight"]


def list_weight(n_shown: int, n_among: int, share: float, *, drawn: float, best: float, every: float, both: int) -> float:
    """Return the weight of one list: of the best candidates, or in a share of decisions of any of them, drawn by chance.

    It is the row of the pseudo-inverse: ``1_L' G^-1 q``, with ``G`` the matrix of how often two candidates are shown
    together, ``q`` how often the policy shows each, and ``1_L`` those that were shown. Its mean is the share of what the
    policy shows that could have been shown; of one thing shown it is the ratio of two probabilities. It may be negative.

    Args:
        n_shown: things in the list, 1 or more.
        n_among: candidates that it could be drawn from, at least as many.
        share: of decisions in which it was drawn, each set of candidates as likely; the best were shown in all others.
        drawn: how many of those that were shown the policy would show, on average.
        best: the same of the best candidates.
        every: the same of all candidates.
        both: how many of those that were shown are among the best.

    Raises:
        RefusedError: a list cannot have come about so.

    Source: Swaminathan et al. (2017), "Off-policy evaluation for slate recommendation", eq. 4.
    """
    if not (1 <= n_shown <= n_among and 0 <= share <= 1 and 0 <= both <= n_shown):
        raise RefusedError(f"a list of {n_shown} cannot be drawn from {n_among} in a share of {share:g} of decisions.")
    if (share == 0 or n_shown == n_among) and both < n_shown:
        raise RefusedError("a list that is not the best one was shown, where nothing is left to chance.")
    if share == 0 or n_shown == n_among:
        return best / n_shown
    spread = n_shown * (n_among - n_shown) / (n_among * (n_among - 1))  # of the matrix of drawn lists: on its diagonal
    common = (n_shown - 1) / (n_shown * (n_among - 1))  # and what its inverse takes off between any two

    def product(overlap: float, ones: float) -> float:
        return (overlap - common * n_shown * ones) / spread

    own = product(drawn, every)
    through = product(both, n_shown) * product(best, every)  # the best list adds one matrix of rank one
    return (own - (1 - share) * through / (share + (1 - share) * product(n_shown, n_shown))) / share
