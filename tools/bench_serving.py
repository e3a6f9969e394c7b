"""Events, decisions and flags a second of a served shop, beside a handler of the same server that does nothing.

    python tools/bench_serving.py [--rounds 3] [--seconds 4]

Each side answers the same requests over 16 connections, as fast as answers come, in turn. Ours has learnt bundles from a
simulated shop; what it acknowledges outlives its processes. The other reads the body and answers `{}`: no answer of this
server can be quicker.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from bench_ingest import UNLIMITED, Answers, answers, bare, sending, settle
from torture_shop import TOML, Victim

from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate

__all__ = ["WAYS", "Served", "served"]

WAYS: Mapping[str, tuple[str, int]] = {
    "batches": ("events, 50 in a body", 50),
    "single": ("events, one in a body", 1),
    "decide": ("decisions on a cart, each with its exposure", 1),
    "new": ("flags of new visitors, each with its exposure", 1),
    "known": ("flags of visitors exposed before", 1),
}
"""What `bench_load` sends -> what that is, and how many of it are in a request."""
_TRUTH = ShopTruth(visitors=20_000)


@dataclass(frozen=True, slots=True)
class Served:
    """What both sides answered, in the round with the median ratio; milliseconds.

    Attributes:
        ours: requests a second.
        half: within which half of our answers came.
        last: within which 99 % did.
        bare: requests a second of the handler that does nothing.
        bare_half: likewise.
        bare_last: likewise.
        ratio: of requests a second, ours by the other's; median of rounds.
    """

    ours: float
    half: float
    last: float
    bare: float
    bare_half: float
    bare_last: float
    ratio: float


def served(rounds: int, seconds: float) -> dict[str, Served]:
    """Return what each way came to."""
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        victim = Victim(Path(ours), toml=TOML + UNLIMITED)
        past = Path(theirs) / "past.parquet"
        pq.write_table(simulate(_TRUTH, seed=1).events.drop_columns(["received_at", "source"]), past)
        with open_shop(victim.toml) as shop:
            shop.record(past)
            shop.fit(["bestsellers", "bundles"])
        with bare(Path(theirs), "--nothing") as port:
            victim.start()
            try:
                return {what: _served(victim, port, what, rounds, seconds) for what in WAYS}
            finally:
                victim.stop()


def _served(victim: Victim, port: int, what: str, rounds: int, seconds: float) -> Served:
    pairs: list[tuple[Answers, Answers]] = []
    for nth in range(rounds + 1):
        own = answers(sending(victim.port, victim.key, what, seconds))
        settle(victim)
        other = answers(sending(port, "-", what, seconds))
        if nth:  # the first warms up
            pairs.append((own, other))
    pairs.sort(key=lambda pair: pair[0].rate / pair[1].rate)
    own, other = pairs[len(pairs) // 2]
    (half, _, last), (bare_half, _, bare_last) = own.quantiles(), other.quantiles()
    ratio = statistics.median(one.rate / two.rate for one, two in pairs)
    print(f"{what}: {own.rate:,.0f} requests a second beside {other.rate:,.0f}, {ratio:.2f}", flush=True)
    return Served(own.rate, half, last, other.rate, bare_half, bare_last, ratio)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each side of a round")
    arguments = parser.parse_args()
    for what, found in served(arguments.rounds, arguments.seconds).items():
        print(WAYS[what][0], found)


if __name__ == "__main__":
    main()
