"""A connection to the warehouse that ``[engine] url`` names; its password comes from the environment and is never told."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit

from counterclick.config.engine import WAREHOUSES
from counterclick.errors import EngineError, did_you_mean

__all__ = ["connected", "first_line"]

_PASSWORD = {"databricks": "access_token", "trino": "auth"}
"""What an engine calls a password."""
_NONE = ("bigquery", "duckdb")
"""Engines that take none: Google's own credentials, and a file."""
_PORT = {"postgres": 5432}
_SECONDS = 10.0


def connected(url: str, password: str | None, password_env: str) -> Any:
    """Return Ibis on a warehouse.

    Args:
        url: without a password, such as ``postgres://reader@db.example:5432/shop``.
        password: of its user; None where the engine needs none, or lets one in without.
        password_env: environment variable that held it, for messages.

    Raises:
        EngineError: the engine is not known, its driver is not installed, nobody answers, or it does not let one in.
    """
    import ibis  # noqa: PLC0415 - only who asks a warehouse waits for its driver

    scheme = urlsplit(url).scheme
    if scheme not in WAREHOUSES:
        known = ", ".join(WAREHOUSES)
        raise EngineError(f"no engine is named {scheme!r}. {did_you_mean(scheme, WAREHOUSES)}There are: {known}.")
    name = "postgres" if scheme == "postgresql" else scheme
    _reach(url, name)
    given: dict[str, Any] = {}
    if password and name not in _NONE:
        given[_PASSWORD.get(name, "password")] = password
    if name == "postgres":
        given["connect_timeout"] = int(_SECONDS)
    if name == "duckdb":
        given["read_only"] = "memory" not in url
    try:
        backend = ibis.connect(url, **given)
    except ImportError as error:
        raise EngineError(
            f"[engine] url is a {name} and its driver is not installed: `pip install 'ibis-framework[{name}]'`, or "
            f"`pip install 'counterclick[postgres]'` for PostgreSQL. It says: {first_line(error)}."
        ) from error
    except Exception as error:  # noqa: BLE001 - each driver has its own
        says = first_line(error, password)
        hint = f" The password is taken from the environment variable {password_env}" if name not in _NONE else ""
        told = f"{hint}, which is {'set' if password else 'not set'}." if hint else ""
        raise EngineError(f"{_shown(url)} cannot be connected to: {says}.{told}") from None
    if name == "postgres":
        from counterclick.shop.warehouse.postgres import PostgresWords  # noqa: PLC0415 - with its driver

        backend.compiler = PostgresWords()
    if name == "duckdb":
        backend.con.execute("SET TimeZone = 'UTC'")
    return backend


def first_line(error: BaseException, secret: str | None = None) -> str:
    """Return what an error says first, without a secret."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    says = re.sub(r"^(Catalog|Binder|Parser|Conversion) Error: ", "", lines[0]) if lines else type(error).__name__
    return (says.replace(secret, "(hidden)") if secret else says).rstrip(".")


def _reach(url: str, name: str) -> None:
    """Refuse an address where nobody answers; drivers try for minutes."""
    parts = urlsplit(url)
    port = parts.port or _PORT.get(name)
    if name in (*_NONE, "snowflake", "databricks") or not parts.hostname or port is None:
        return
    try:
        socket.create_connection((parts.hostname, port), timeout=_SECONDS).close()
    except OSError as error:
        says = f"[engine] url is {_shown(url)}, and nobody answers at {parts.hostname}:{port} ({error.strerror or error})."
        raise EngineError(says) from error


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    return repr(re.sub(r"://([^:/@]*):[^@]*@", r"://\1@", url).partition("?")[0])
