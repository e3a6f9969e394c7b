"""A session with a Spark Connect server, whose client gives up within seconds and says why."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from counterclick.errors import EngineError

__all__ = ["answering", "connect_session", "first_words", "release"]

_ATTEMPTS, _PAUSE, _LONGER, _LONGEST = 6, 50, 3.0, 3000
"""To reach a server that is gone, with pauses of milliseconds: eight seconds together, where Spark's own are ten minutes."""
_HADOOP = "spark.hadoop."
"""Settings that a server reads when it starts; of a session it would take them without a word, and without effect."""


def connect_session(url: str, settings: Mapping[str, str]) -> Any:
    """Return a session of its own with a Spark Connect server.

    Args:
        url: of the server (``sc://``).
        settings: of the session, by Spark's names.

    Raises:
        EngineError: the client is not installed, nobody answers who speaks its words, or a setting is the server's own.
    """
    try:
        from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415 - an extra
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError(
            "a Spark Connect server needs more of pyspark: `pip install 'counterclick[spark]'`. It says: "
            f"{first_words(error)}."
        ) from error
    try:
        # not by pyspark's common builder, which makes every later session of the process one with this server
        session = SparkSession.builder.remote(url).create()
        session.client.set_retry_policies([DefaultPolicy(_ATTEMPTS, _LONGER, _PAUSE, _LONGEST)])
        refused = [name for name, value in settings.items() if not _is_set(session, name, value)]
    except Exception as error:
        raise EngineError(f"the Spark Connect server at {url} cannot be used: {_cause(error)}.") from error
    if refused:
        release(session)
        raise EngineError(
            f"{', '.join(refused)} in [engine] settings cannot be set by who asks the Spark Connect server at {url}: leave "
            "it out here, and set it where the server is started."
        )
    return session


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Say in words that a server, which a question was asked of, is gone.

    Raises:
        EngineError: it is.
    """
    from pyspark.errors.exceptions.base import RetriesExceeded  # noqa: PLC0415 - an extra

    try:
        yield
    except RetriesExceeded as error:
        raise EngineError(
            f"the Spark Connect server that [engine] names answers no more: {_cause(error)}. What it had computed is gone "
            "with it; ask again when it runs."
        ) from error


def release(session: Any) -> None:
    """Let a server forget a session, if it still runs; a session of another kind ends with its process."""
    if hasattr(session, "_jsc") or session.is_stopped:
        return
    with contextlib.suppress(Exception):  # it is gone, or forgets it after an hour
        session.client.set_retry_policies([])
        session.client.release_session()
    session.release_session_on_close = False
    session.stop()


def _is_set(session: Any, name: str, value: str) -> bool:
    """Set what a session may set; say whether it may."""
    from pyspark.errors import AnalysisException  # noqa: PLC0415 - an extra

    if name.startswith(_HADOOP):
        return False
    try:
        session.conf.set(name, value)
    except AnalysisException:
        return False
    return True


def _cause(error: BaseException) -> str:
    """Return what lies behind an error: of attempts that were given up, why the last one failed."""
    last = error.__cause__ if type(error).__name__ == "RetriesExceeded" else None
    details = getattr(last, "details", None)
    return str(details()).strip() if callable(details) else first_words(error)


def first_words(error: BaseException) -> str:
    """Return what an error says first, without the page that Java tells of it: the cause stands behind the first colon."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = next((line for line in lines if line.startswith(": ")), lines[0])
    return re.sub(r"^: (?:[\w.$]+: )?", "", said).rstrip(".")
