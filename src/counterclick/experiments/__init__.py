"""Did it earn more? Assignment, plan, result, verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.experiments.assignment import assign, bucket
    from counterclick.experiments.context import Context, Declaration
    from counterclick.experiments.experiment import Experiment
    from counterclick.experiments.hashing import config_hash
    from counterclick.experiments.planner import Plan, Plans, expected_buyers
    from counterclick.experiments.result import Arm, Result, Row
    from counterclick.experiments.slices import Slices
    from counterclick.experiments.units import ends_at

__all__ = [
    "Arm",
    "Context",
    "Declaration",
    "Experiment",
    "Plan",
    "Plans",
    "Result",
    "Row",
    "Slices",
    "assign",
    "bucket",
    "config_hash",
    "ends_at",
    "expected_buyers",
]

__getattr__ = exports(
    __name__,
    {
        "assign": "assignment",
        "bucket": "assignment",
        "Context": "context",
        "Declaration": "context",
        "config_hash": "hashing",
        "Experiment": "experiment",
        "Plan": "planner",
        "Plans": "planner",
        "expected_buyers": "planner",
        "Arm": "result",
        "Result": "result",
        "Row": "result",
        "Slices": "slices",
        "ends_at": "units",
    },
)
