"""``[engine]``: where facts, metrics and moments are computed, where that is not the embedded database."""

from __future__ import annotations

import re

import msgspec

from counterclick.errors import ConfigError

__all__ = ["WAREHOUSES", "EngineConfig", "check_engine", "is_warehouse"]

WAREHOUSES = ("postgres", "postgresql", "bigquery", "snowflake", "clickhouse", "databricks", "trino", "duckdb")
"""Schemes of URLs of engines whose own tables are the facts: see ``[facts.NAME]``."""

_SPARK = r"spark://[^/\s,]+:\d+(,[^/\s,]+:\d+)*"
_CONNECT = r"sc://[^/\s]+(/.*)?"
_LOCAL = r"local(\[(\d+|\*)\])?"
_MEMORY = r"[1-9]\d*(\.\d+)? ?[MG]i?B"


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[engine]``.

    Attributes:
        url: of a Spark cluster, such as ``spark://10.0.0.5:7077``, or of a Spark Connect server, such as
            ``sc://10.0.0.5:15002``; ``local`` or ``local[2]`` for a Spark in this process; with ``[facts.NAME]`` of a
            warehouse, such as ``postgres://reader@db.example:5432/shop``. The embedded DuckDB unless given.
        password_env: environment variable that holds the password of a warehouse's user.
        scratch: folder that the engine's workers see under the same name, for what waits and for tables on the way; in the
            store's folder unless given.
        memory: what the embedded DuckDB may take for a question, such as ``"6GB"``; what does not fit is written to a
            temporary folder meanwhile, which takes longer.
        settings: of the engine, in its own words, such as ``{ "spark.executor.memory" = "4g" }``.
    """

    url: str | None = None
    password_env: str = "COUNTERCLICK_ENGINE_PASSWORD"  # noqa: S105 - the variable's name
    scratch: str | None = None
    memory: str = "1500MB"
    settings: dict[str, str] = {}


def is_warehouse(url: str | None) -> bool:
    """Say whether an address is of an engine whose own tables are the facts."""
    return url is not None and url.partition("://")[0] in WAREHOUSES and "://" in url


def check_engine(config: EngineConfig, name: str) -> None:
    """Refuse an address that no engine has.

    Args:
        config: what was read.
        name: of the file, for messages.

    Raises:
        ConfigError: the address is none, or something is set for an engine that is not named.
    """
    if not re.fullmatch(_MEMORY, config.memory):
        raise ConfigError(f"{name}: memory of [engine] is {config.memory!r}; write a number and MB or GB, such as '6GB'.")
    if config.url is None:
        if config.scratch is not None or config.settings:
            raise ConfigError(f"{name}: [engine] has settings and no url; write one such as 'spark://10.0.0.5:7077'.")
    elif is_warehouse(config.url):
        if re.search(r"://[^/@]*:[^/@]*@", config.url):
            shown = re.sub(r"(://[^:/@]*):[^/@]*@", r"\1@", config.url)
            raise ConfigError(
                f"{name}: url of [engine] has a password in it; write {shown!r} and give the password in the environment "
                f"variable {config.password_env}, or in another one that password_env names."
            )
    elif not re.fullmatch(f"{_SPARK}|{_CONNECT}|{_LOCAL}", config.url):
        raise ConfigError(
            f"{name}: url of [engine] is {config.url!r}; write 'spark://HOST:PORT' for a Spark cluster, 'sc://HOST:PORT' "
            "for a Spark Connect server, 'local' or 'local[2]' for a Spark in this process, or leave [engine] out: DuckDB, "
            "which is built in, then computes everything. The url of a warehouse, whose tables are the facts, begins with "
            f"{', '.join(f'{scheme}://' for scheme in WAREHOUSES)}."
        )
