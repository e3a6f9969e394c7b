"""By what an experiment's configuration is known."""

from __future__ import annotations

import hashlib

import msgspec

from counterclick.config import ExperimentConfig

__all__ = ["config_hash"]


def config_hash(name: str, config: ExperimentConfig) -> str:
    """Return the hash of an experiment's configuration: what was declared stays declared.

    The order of the variants counts, since visitors are assigned by it. Settings at their defaults do not, so that a
    setting that a later release adds leaves the hash as it was. Changes of shares are no part of it: they are declared when
    they are made, before they begin, and begin strata of their own.
    """
    text = msgspec.json.encode([name, list(config.variants), msgspec.structs.replace(config, changes=())], order="sorted")
    return hashlib.sha256(text).hexdigest()[:32]
