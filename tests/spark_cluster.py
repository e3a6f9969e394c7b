"""A cluster of one master and two workers on this machine, or a Spark Connect server; ended by their processes' ids."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyspark

_HOME = Path(pyspark.__file__).parent
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
        url: of its master, or of the server that speaks for it.
        folder: for what its processes write.
        settings: what its clients set.
    """

    url: str
    folder: Path
    settings: Mapping[str, str]

    def toml(self) -> str:
        """Return the section of ``shop.toml`` that names it."""
        settings = ", ".join(f'"{name}" = "{value}"' for name, value in self.settings.items())
        return f'\n[engine]\nurl = "{self.url}"\nsettings = {{ {settings} }}\n'


@contextlib.contextmanager
def connected(folder: Path) -> Iterator[Cluster]:
    """Start a Spark Connect server, which computes in its own process; when the context is left, it is ended."""
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    said = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    command = [str(_HOME / "bin" / "spark-submit"), "--master", "local[2]", "--driver-memory", "900m"]
    command += ["--driver-java-options", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1", *said]
    with contextlib.ExitStack() as started:
        told = _run(started, folder, [*command, "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"])
        place = _awaited(told, r"Spark Connect server started at: \S*?([\d.]+:\d+)")
        yield Cluster(f"sc://{place}", folder, {"spark.sql.shuffle.partitions": "1"})


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
        yield Cluster(url, folder, SETTINGS)


def _started(ends: contextlib.ExitStack, folder: Path, name: str, *arguments: str) -> Path:
    """Start one of the cluster's processes; return where it writes what it does."""
    # what a process says of itself is read from what it logs
    level = ["-Dlog4j2.level=INFO", "-Xmx200m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command = [
        str(JAVA),
        *level,
        "-cp",
        f"{_HOME}/jars/*",
        f"org.apache.spark.deploy.{name}",
        "--host",
        "127.0.0.1",
        *arguments,
    ]
    return _run(ends, folder, command)


def _run(ends: contextlib.ExitStack, folder: Path, command: list[str]) -> Path:
    """Start a process, which ends with the stack by its id; return where it writes what it does."""
    folder.mkdir(parents=True)
    log = folder / "log.txt"
    environment = os.environ | {
        "SPARK_HOME": str(_HOME),
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
