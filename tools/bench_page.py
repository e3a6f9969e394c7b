"""The page that says how fast the product is: docs/proof/performance.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench_serving import WAYS

__all__ = ["page"]

_MILLION = 1_000_000
_GOALS = {"recording": 3.0, "audit": 1.3, "refresh": 0.03, "peak": 8_192, "moments": 2.0, "assignment": 10.0}
_KEPT = {True: "kept", False: "**not kept**"}


def page(known: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        known: part -> its ``figures`` and the ``machine`` they were measured on.
    """
    audits = [part["figures"] for name, part in known.items() if name.startswith("audit ")]
    audits.sort(key=lambda each: each["n_events"])
    machines: dict[str, list[str]] = {}
    for name, part in known.items():
        machines.setdefault(part["machine"], []).append(name)
    lines = [
        "<!-- Made by tools/bench.py (`make bench`); change the tool, then run it again. -->",
        "",
        "# How fast it is",
        "",
        "Seconds depend on the machine; ratios are what is promised. In each part both sides ran in turn, on",
        "",
        *(f"- {', '.join(names)}: {where}" for where, names in machines.items()),
        "",
        *_largest(audits),
        *_costs(audits),
        *_moments(known["moments"]["figures"]),
        *_assignment(known["assignment"]["figures"]),
        *_serving(known["serving"]["figures"]),
        *_recording(known["recording"]["figures"]),
        *_calibration(known["calibration"]["figures"]),
    ]
    return "\n".join(lines)


def _largest(audits: Sequence[Mapping[str, Any]]) -> list[str]:
    one = audits[-1]
    refresh, peak = one["refresh"], max(one["peak"], one["again_peak"])
    return [
        "## An audit of 100 million events",
        "",
        f"A simulated shop of {one['n_events']:,} events, on embedded DuckDB. The whole audit (claims, verdicts, theatre,",
        "drift, alignment, health) in a process of its own, from opening the shop to the answer, beside the SQL that an",
        "analyst would write for the same numbers over the same files (`tools/bench_by_hand.sql`): it knows this one shop's",
        f"dates, windows and currency. {one['n_figures']} figures agree to 1e-9. Nothing is kept from a run before;",
        "both ran once." if one["n_pairs"] == 1 else f"both ran {one['n_pairs']} times, in turn.",
        "",
        "| | measured | goal | |",
        "|---|---|---|---|",
        f"| audit, by hand-written SQL | {one['ratio']:.2f} ({one['audit']:.0f} s by {one['by_hand']:.0f} s) | "
        f"at most {_GOALS['audit']} | {_KEPT[one['ratio'] <= _GOALS['audit']]} |",
        f"| most memory, in GiB (by hand {one['by_hand_peak'] / 1024:.1f}) | {peak / 1024:.1f} | under "
        f"{_GOALS['peak'] / 1024:.0f} | {_KEPT[peak < _GOALS['peak']]} |",
        f"| the audit after one more day of {one['n_day']:,} events, by the first | {refresh:.3f} "
        f"({one['again'] + one['again_closing']:.1f} s by {one['audit'] + one['closing']:.0f} s) | under "
        f"{_GOALS['refresh']} | {_KEPT[refresh < _GOALS['refresh']]} |",
        "",
        "Both audits are counted with the storing of their facts, which follows the answer.",
        "",
    ]


def _costs(audits: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "## What size costs",
        "",
        "The same shop in several sizes; the last column says how many times as long the audit takes where there are twice",
        "as many events, from the row above: 2 is linear.",
        "",
        "| million events | recorded (s) | log (MiB) | audit (s) | then stored (s) | facts (MiB) | memory (GiB) "
        "| by hand (s) | ratio | after one more day (s) | share | twice as many |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    before: Mapping[str, Any] | None = None
    slopes = []
    for one in audits:
        twice = ""
        if before is not None:
            slope = math.log(one["audit"] / before["audit"]) / math.log(one["n_events"] / before["n_events"])
            slopes.append(slope)
            twice = f"{2**slope:.2f}"
        lines.append(
            f"| {one['n_events'] / _MILLION:.1f} | {one['recorded']:.0f} | {one['log']:,.0f} | {one['audit']:.1f} | "
            f"{one['closing']:.1f} | {one['facts']:,.0f} | {max(one['peak'], one['again_peak']) / 1024:.1f} | "
            f"{one['by_hand']:.1f} | "
            f"{one['ratio']:.2f} | {one['again'] + one['again_closing']:.1f} | {one['refresh']:.3f} | {twice} |"
        )
        before = one
    first, last = audits[0], audits[-1]
    whole = (last["audit"] / first["audit"]) / (last["n_events"] / first["n_events"])
    return [
        *lines,
        "",
        f"From the smallest to the largest the audit takes {whole:.2f} times what growing linearly would: "
        f"{_KEPT[whole <= 1]}. The steepest step is the one whose doubling takes {2 ** max(slopes):.2f} times as long.",
        "",
    ]


def _moments(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "## Analysis of ten million visitors",
        "",
        "Four metrics of two arms, each adjusted for its own past, from a table in DuckDB to the estimates, beside",
        "tea-tasting's `Experiment.analyze` on the same table. By hand: the same sums of a frame that lies in memory",
        "already, and our arithmetic.",
        "",
        "| | " + " | ".join(f"{each['what']} (s) | by ours" for each in tables) + " |",
        "|---|" + "---|---|" * len(tables),
    ]
    for who in tables[0]["seconds"]:
        cells = [f"{each['seconds'][who]:.2f} | {each['ratios'].get(who, 1):.2f}" for each in tables]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    ratios = {each["what"]: each["ratios"]["tea-tasting"] for each in tables}
    told = "; ".join(f"where {what}, {_KEPT[n >= _GOALS['moments']]} ({n:.2f})" for what, n in ratios.items())
    return [
        *lines,
        "",
        f"At least {_GOALS['moments']:.0f} times as fast as tea-tasting was wanted: {told}. The arithmetic "
        f"after the sums takes {max(each['arithmetic'] for each in tables):.1f} ms.",
        "",
    ]


def _assignment(found: Mapping[str, Any]) -> list[str]:
    return [
        "## Assignment",
        "",
        f"{found['visitors']:,} visitors, one at a time: {found['one']:,.0f} a second, beside {found['sdk']:,.0f} of the "
        "GrowthBook Python SDK "
        f"for an experiment of the same two arms: **{found['ratio']:.1f} times** (goal: {_GOALS['assignment']:.0f}; "
        f"{_KEPT[found['ratio'] >= _GOALS['assignment']]}). A column of visitors at once: {found['column']:,.0f} a second, "
        f"{found['column_ratio']:.0f} times.",
        "",
    ]


def _serving(found: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Over HTTP",
        "",
        "`counterclick serve` over 16 connections, as fast as answers come, beside a handler of the same server (Litestar",
        "on Granian) that reads the body and answers `{}`, in turn. Senders and servers share the cores; what ours",
        "acknowledges outlives its processes. 16 requests are under way at any time, so that waits are those of a full",
        "queue: [how soon it answers at a given rate](ingest.md).",
        "",
        "| | a second | half within (ms) | 99 % | handler that does nothing | half within (ms) | 99 % | ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for what, one in found.items():
        says, each = WAYS[what]
        lines.append(
            f"| {says} | {one['ours'] * each:,.0f} | {one['half']:.1f} | {one['last']:.1f} | {one['bare'] * each:,.0f} | "
            f"{one['bare_half']:.1f} | {one['bare_last']:.1f} | {one['ratio']:.2f} |"
        )
    return [*lines, ""]


def _recording(found: Mapping[str, Any]) -> list[str]:
    return [
        "## Recording",
        "",
        f"{found['n_events']:,} events from Parquet: {found['recorded']:.1f} s, beside {found['copied']:.1f} s in which "
        f"DuckDB reads and writes the same file: {found['ratio']:.2f} times (goal: under {_GOALS['recording']:.0f}; "
        f"{_KEPT[found['ratio'] < _GOALS['recording']]}).",
        "",
    ]


def _calibration(found: Mapping[str, Any]) -> list[str]:
    return [
        "## Calibration",
        "",
        f"{found['draws']:,} trials of each of {found['splits']} splits on the past of {found['visitors']:,} visitors, of "
        f"whom {found['buyers']:,} bought, looks included: {found['trials']:.0f} s, as long as "
        f"{found['trials'] / found['verdict']:.0f} verdicts.",
        "",
    ]
