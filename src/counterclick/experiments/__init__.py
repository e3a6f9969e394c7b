"""Did it earn more? Assignment, plan, result, verdict."""

from counterclick.experiments.assignment import assign, bucket
from counterclick.experiments.context import Context, Declaration, config_hash
from counterclick.experiments.experiment import Experiment
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
