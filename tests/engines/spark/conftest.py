"""A cluster for all tests of this room, which only `make test-spark` runs: each of its queries takes Spark half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'counterclick[spark]'")
spark_cluster = pytest.importorskip("spark_cluster")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[spark_cluster.Cluster]:
    """Return a cluster of one master and two workers."""
    if spark_cluster.JAVA is None:
        pytest.skip("there is no Java here, which Spark needs: apt-get install openjdk-17-jre-headless")
    with spark_cluster.running(tmp_path_factory.mktemp("cluster")) as found:
        yield found
        context = pyspark.SparkContext._active_spark_context
        if context is not None:
            context.stop()
