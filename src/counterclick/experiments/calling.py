"""What those whom an experiment assigns are called in its sentences: visitors, or customers."""

from __future__ import annotations

import re
from dataclasses import replace

from counterclick.config import ExperimentConfig
from counterclick.verdicts import Check, Verdict

__all__ = ["called", "checks_called", "of_customers", "units_of", "verdict_called"]

_VISITORS = re.compile(r"(?<![\w'-])(v)isitor(s?)(?![\w-])", re.IGNORECASE)


def units_of(config: ExperimentConfig) -> str:
    """Return what those are whom an experiment assigns, in the plural."""
    return f"{config.unit}s"


def called(text: str, config: ExperimentConfig) -> str:
    """Return a sentence about visitors as one about whomever an experiment assigns; names in quotes stay.

    Args:
        text: the sentence.
        config: what the experiment declares.
    """
    return text if config.unit == "visitor" else of_customers(text)


def of_customers(text: str) -> str:
    """Return a sentence about visitors as one about customers; names in quotes, and those with a hyphen, stay.

    >>> of_customers("revenue per visitor moved; 'visitor' has no finished visitors")
    "revenue per customer moved; 'visitor' has no finished customers"
    """
    return _VISITORS.sub(lambda found: ("C" if found[1] == "V" else "c") + "ustomer" + found[2], text)


def checks_called(checks: tuple[Check, ...], config: ExperimentConfig) -> tuple[Check, ...]:
    """Return preconditions whose sentences are about whomever an experiment assigns; their names stay."""
    return tuple(replace(each, says=called(each.says, config)) for each in checks)


def verdict_called(verdict: Verdict, config: ExperimentConfig) -> Verdict:
    """Return a verdict whose sentences are about whomever an experiment assigns."""
    if config.unit == "visitor":
        return verdict
    return replace(
        verdict,
        because=called(verdict.because, config),
        returns=called(verdict.returns, config),
        meanwhile=called(verdict.meanwhile, config),
        warnings=tuple(called(each, config) for each in verdict.warnings),
        checks=checks_called(verdict.checks, config),
    )
