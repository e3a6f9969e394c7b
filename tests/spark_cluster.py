"""A cluster of one master and two workers on this machine, ended by the ids of its processes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyspark

JAVA = shutil.which("java")
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "900m",
    "spark.executor.memory": "500m",
    "spark.sql.shuffle.partitions": "2",
}
"""A gigabyte a process, and nothing that others could reach."""
_STARTS_SECONDS = 60.0
_ENDS_SECONDS = 20.0
_WORKERS = 2


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes:
        url: of its master.
        folder: for what its processes write.
    """

    url: str
    folder: Path

    def toml(self) -> str:
        """Return the section of ``shop.toml`` that names it."""
        settings = ", ".join(f'"{name}" = "{value}"' for name, value in SETTINGS.items())
        return f'\n[engine]\nurl = "{self.url}"\nsettings = {{ {settings} }}\n'


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start a cluster; when the context is left, its processes are ended."""
    with contextlib.ExitStack() as started:
        told = _started(started, folder / "master", "master.Master", "--port", "0", "--webui-port", "0")
        url = _awaited(told, r"Starting Spark master at (spark://\S+)")
        for number in range(_WORKERS):
            place = folder / f"worker{number}"
            own = ("--cores", "1", "--memory", "600m", "--webui-port", "0", "--work-dir", str(place))
            _awaited(_started(started, place, "worker.Worker", *own, url), "Successfully registered with master")
        yield Cluster(url, folder)


def _started(ends: contextlib.ExitStack, folder: Path, name: str, *arguments: str) -> Path:
    """Start one of Spark's processes; return where it writes what it does."""
    folder.mkdir(parents=True)
    home = Path(pyspark.__file__).parent
    log = folder / "log.txt"
    # what a process says of itself is read from what it logs
    level = ["-Dlog4j2.level=INFO", "-Xmx200m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command = [
        str(JAVA),
        *level,
        "-cp",
        f"{home}/jars/*",
        f"org.apache.spark.deploy.{name}",
        "--host",
        "127.0.0.1",
        *arguments,
    ]
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_SCALA_VERSION": "2.13",
    }  # workers start their executors from there
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=environment)
    ends.callback(_end, process)
    return log


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _awaited(log: Path, pattern: str) -> str:
    ends = time.monotonic() + _STARTS_SECONDS
    while time.monotonic() < ends:
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found is not None:
            return found.group(found.lastindex or 0)
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))
