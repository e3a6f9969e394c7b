"""What is said where Spark cannot be had: what is wrong, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import purchase
from counterclick.errors import EngineError
from counterclick.shop import open_shop
from counterclick.shop.engines import sessions
from spark_cluster import Cluster

pytestmark = pytest.mark.spark


def refusal(folder: Path, url: str) -> str:
    (folder / "shop.toml").write_text(f'[engine]\nurl = "{url}"\n', encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record([purchase("v1", 10)])
    with pytest.raises(EngineError) as refused:
        shop.metric("revenue")
    shop.drop()
    shop.close()
    return str(refused.value)


def test_an_address_where_nobody_answers(tmp_path: Path) -> None:
    """At once, not after the minutes for which Spark itself would try."""
    says = refusal(tmp_path, "spark://127.0.0.1:1")
    assert "nobody answers at 127.0.0.1:1" in says
    assert "without [engine], DuckDB computes everything" in says


def test_no_java_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    """With the version that is wanted and how to get it."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    says = refusal(tmp_path, cluster.url)
    assert "needs Java 17: `apt-get install openjdk-17-jre-headless`, or set JAVA_HOME. None was found." in says


def test_an_old_java_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    """By what it says of itself."""
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert 'says: openjdk version "11.0.2"' in refusal(tmp_path, cluster.url)


def test_a_process_speaks_to_one_spark(tmp_path: Path, cluster: Cluster) -> None:
    """Spark's context is the process's; another address is not silently the first one's."""
    sessions.spark_session(cluster.url, {"spark.driver.host": "127.0.0.1", "spark.executor.memory": "500m"})
    assert f"this process computes on {cluster.url!r} already" in refusal(tmp_path, "local[2]")
