"""``[engine]``: where facts, metrics and moments are computed, where that is not the embedded database."""

from __future__ import annotations

import re

import msgspec

from counterclick.errors import ConfigError

__all__ = ["EngineConfig", "check_engine"]

_SPARK = r"spark://[^/\s,]+:\d+(,[^/\s,]+:\d+)*"
_CONNECT = r"sc://[^/\s]+(/.*)?"
_LOCAL = r"local(\[(\d+|\*)\])?"


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[engine]``.

    Attributes:
        url: of a Spark cluster, such as ``spark://10.0.0.5:7077``, or of a Spark Connect server, such as
            ``sc://10.0.0.5:15002``; ``local`` or ``local[2]`` for a Spark in this process. The embedded DuckDB unless given.
        scratch: folder that the engine's workers see under the same name, for what waits and for tables on the way; in the
            store's folder unless given.
        settings: of the engine, in its own words, such as ``{ "spark.executor.memory" = "4g" }``.
    """

    url: str | None = None
    scratch: str | None = None
    settings: dict[str, str] = {}


def check_engine(config: EngineConfig, name: str) -> None:
    """Refuse an address that no engine has.

    Args:
        config: what was read.
        name: of the file, for messages.

    Raises:
        ConfigError: the address is none, or something is set for an engine that is not named.
    """
    if config.url is None:
        if config.scratch is not None or config.settings:
            raise ConfigError(f"{name}: [engine] has settings and no url; write one such as 'spark://10.0.0.5:7077'.")
    elif not re.fullmatch(f"{_SPARK}|{_CONNECT}|{_LOCAL}", config.url):
        raise ConfigError(
            f"{name}: url of [engine] is {config.url!r}; write 'spark://HOST:PORT' for a Spark cluster, 'sc://HOST:PORT' "
            "for a Spark Connect server, 'local' or 'local[2]' for a Spark in this process, or leave [engine] out: DuckDB, "
            "which is built in, then computes everything."
        )
