"""A session with Spark: found, and refused in words that say what is missing."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from counterclick.errors import EngineError
from counterclick.shop.engines.connect import connect_session, first_words

__all__ = ["spark_session"]

_INSTALL = "`pip install 'counterclick[spark]'`"
_JAVA = 17
_REACH_SECONDS = 5.0
_EXECUTOR_SECONDS = 60.0
_OWN = {
    "spark.app.name": "counterclick",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_SESSION = {
    "spark.sql.ansi.enabled": "true",  # what does not fit a type is an error, not nothing
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
}


def spark_session(url: str, settings: Mapping[str, str]) -> Any:
    """Return a session of its own with Spark, whose time zone is UTC.

    Args:
        url: of a cluster (``spark://``), a Spark Connect server (``sc://``), or ``local``.
        settings: Spark's own, by their names.

    Raises:
        EngineError: Spark or Java is not installed, nobody answers there, or a setting cannot be set there.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        says = f"[engine] url is {url!r}, and pyspark is not installed: {_INSTALL}, and Java {_JAVA}."
        raise EngineError(says) from error
    _reach(url)
    if url.startswith("sc://"):
        return connect_session(url, _SESSION | dict(settings))
    _check_java(url)
    session = _classic(SparkSession, url, settings)
    for name, value in (
        _SESSION | {name: value for name, value in settings.items() if name.startswith("spark.sql.")}
    ).items():
        session.conf.set(name, value)
    return session


def _classic(builder: Any, url: str, settings: Mapping[str, str]) -> Any:
    from pyspark import SparkContext  # noqa: PLC0415 - an extra

    running = SparkContext._active_spark_context  # noqa: SLF001 - nothing public says whether there is one
    if running is not None and running._jsc.sc().isStopped():  # noqa: SLF001 - its cluster was ended
        running.stop()
        running = None
    if running is not None and running.master != url:
        raise EngineError(
            f"[engine] url is {url!r}, and this process computes on {running.master!r} already. A process speaks to one "
            "Spark at a time: ask the other shop in a process of its own."
        )
    wanted = builder.builder.master(url)
    for name, value in (_OWN | _SESSION | dict(settings)).items():
        wanted = wanted.config(name, value)
    try:
        session = wanted.getOrCreate()
    except Exception as error:
        raise EngineError(f"Spark at {url} cannot be used: {first_words(error)}.") from error
    if running is None and url.startswith("spark://"):
        _await_executor(session.sparkContext, url)
    return session.newSession()


def _await_executor(context: Any, url: str) -> None:
    """Wait until a worker computes for this process: the driver itself is one of those that are counted."""
    ends = time.monotonic() + _EXECUTOR_SECONDS
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:  # noqa: PLR2004, SLF001 - as above
        if time.monotonic() > ends:
            memory = context.getConf().get("spark.executor.memory", "1g")
            context.stop()
            raise EngineError(
                f"the cluster at {url} gave no worker within {_EXECUTOR_SECONDS:g} seconds: none has a free core and "
                f"{memory} of memory (spark.executor.memory in [engine] settings), or none can reach this machine "
                "(spark.driver.host)."
            )
        time.sleep(0.05)


def _reach(url: str) -> None:
    """Refuse an address where nobody answers; Spark itself would try for minutes."""
    places = re.findall(r"([^/,\s;]+):(\d+)", url.partition("://")[2])
    tried = []
    for host, port in places:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()
        except OSError as error:
            tried.append(f"{host}:{port} ({error.strerror or error})")
        else:
            return
    if tried:
        whose = "Spark's Connect server" if url.startswith("sc://") else "Spark's master"
        raise EngineError(
            f"[engine] url is {url!r}, and nobody answers at {', '.join(tried)}. Start {whose} there, or mend "
            "the url; without [engine], DuckDB computes everything in this process."
        )


def _check_java(url: str) -> None:
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")  # noqa: PTH118 - as Spark itself does
    package = f"openjdk-{_JAVA}-jre-headless"
    says = f"[engine] url is {url!r}, and Spark needs Java {_JAVA}: `apt-get install {package}`, or set JAVA_HOME."
    if java is None or shutil.which(java) is None:
        raise EngineError(f"{says} None was found.")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - Java of this machine
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if found is None or int(found.group(1)) < _JAVA:
        raise EngineError(f"{says} {java} says: {told.strip().splitlines()[0] if told.strip() else 'nothing'}")
