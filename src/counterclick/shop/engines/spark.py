"""Spark as the engine: the same files of the log, what waits in the inbox, and what is kept, in a folder that all see."""

from __future__ import annotations

import math
import shutil
import uuid
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.pyspark.datatypes import PySparkSchema
from ibis.expr.schema import Schema
from ibis.expr.types import Table
from ibis.formats.pyarrow import PyArrowSchema

from counterclick.config import EngineConfig
from counterclick.events.schema import SCHEMA
from counterclick.facts.parts import NESTED, Parts
from counterclick.shop.engines.connect import answering, release
from counterclick.shop.engines.dialects import typed
from counterclick.shop.engines.sessions import spark_session
from counterclick.shop.engines.spark_backend import SparkBackend
from counterclick.shop.until import until_events
from counterclick.store.log import Snapshot

__all__ = ["Source", "SparkEngine"]

_PART_BYTES = 32 * 1024**2
"""Of the log's files, that one of the parts holds into which Spark divides its rows: there a row is many times as large."""
_CORES = 8
"""Of a server that does not say how many it has."""
_EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Source:
    """What a reading reads.

    Attributes:
        location: of the log.
        snapshot: of it.
        waiting: what waits in the inbox, in the log's schema.
        folder: of the store.
    """

    location: str
    snapshot: Snapshot
    waiting: pa.Table
    folder: Path


class SparkEngine:
    """A session with Spark over one snapshot of the log.

    Args:
        config: where Spark is.
        source: what is read.
        until: see `counterclick.shop.until.until_events`; everything unless given.

    Raises:
        EngineError: Spark cannot be had.
    """

    def __init__(self, config: EngineConfig, source: Source, until: Any = None) -> None:
        self._session = spark_session(str(config.url), config.settings)
        self._scratch = Path(config.scratch or source.folder / "engine").absolute() / uuid.uuid4().hex
        self._scratch.mkdir(parents=True)
        self._backend = SparkBackend()
        self._backend.do_connect(self._session)
        # tables that somebody holds hold it, and can be read on until nobody does
        weakref.finalize(self._backend, _end, self._session, self._scratch)
        if "spark.sql.shuffle.partitions" not in config.settings:
            self._session.conf.set("spark.sql.shuffle.partitions", str(self._n_parts(source.snapshot)))
        self._known: dict[str, Table] = {}
        events = self._read(source)
        self.events: Table = events if until is None else until_events(events, until)
        self.parts: Parts = NESTED

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Compute a table once, into Parquet files in the scratch folder, and return what they hold."""
        del by, merges, per
        compiler = self._backend.compiler
        sql = typed(compiler, table).sql(dialect=compiler.dialect)
        if sql not in self._known:
            place = f"kept_{name}_{len(self._known)}"
            with answering():
                rows = self._session.sql(sql)
                rows.write.parquet(f"file://{self._scratch / place}")
                self._known[sql] = self._stored(place, table.schema(), rows.schema)
        return self._known[sql]

    def load(self, rows: pa.Table, name: str) -> Table:
        """Return rows as a table of that name."""
        with answering():
            return self._stored(self._written(rows, name), PyArrowSchema.to_ibis(rows.schema))

    def work_ahead(self) -> None:
        """Nothing is stored from which one could begin."""

    def _read(self, source: Source) -> Table:
        """Return the events: those of the log's files, and those that wait."""
        known = PyArrowSchema.to_ibis(SCHEMA)
        schema = PySparkSchema.from_ibis(known)
        waiting = f"file://{self._scratch / self._written(source.waiting.cast(SCHEMA), 'waiting')}"
        rows = self._session.read.schema(schema).parquet(waiting)
        if source.snapshot.files:
            root = _address(source.location)
            files = [_address(path) for path in source.snapshot.files]
            # names are names, not patterns; the kind stands in the folders'
            logged = (
                self._session.read.schema(schema).option("basePath", root).option("__globPaths__", "false").parquet(*files)
            )
            rows = logged.select(*SCHEMA.names).unionAll(rows)
        rows.createOrReplaceTempView(_EVENTS)
        return self._table(_EVENTS, known)

    def _written(self, rows: pa.Table, name: str) -> str:
        """Write rows of this process into the scratch folder, and return the file's name."""
        pq.write_table(rows, self._scratch / f"{name}.parquet")
        return f"{name}.parquet"

    def _stored(self, place: str, known: Schema, schema: Any = None) -> Table:
        """Return files of the scratch folder as a table of known types; in Spark's own words where these are known."""
        reader = self._session.read if schema is None else self._session.read.schema(schema)
        name = place.partition(".")[0]
        reader.parquet(f"file://{self._scratch / place}").createOrReplaceTempView(name)
        return self._table(name, known)

    def _table(self, name: str, known: Schema) -> Table:
        """Return a table whose types are known: of a moment, Spark does not say that it is UTC."""
        return ops.DatabaseTable(name, schema=known, source=self._backend, namespace=ops.Namespace()).to_expr()

    def _n_parts(self, snapshot: Snapshot) -> int:
        """Return into how many parts rows are divided: as many as there are cores, more where there is much of them."""
        if snapshot.table is None:
            return 1
        sizes = pa.table(snapshot.table.get_add_actions(flatten=True))["size_bytes"].to_pylist()
        n_cores = int(self._session.sparkContext.defaultParallelism) if hasattr(self._session, "_jsc") else _CORES
        return int(max(n_cores, math.ceil(sum(sizes) / _PART_BYTES)))


def _end(session: Any, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    release(session)


def _address(place: str) -> str:
    """Return a place as Hadoop's file systems are addressed."""
    if "://" not in place:
        return f"file://{Path(place).absolute()}"
    return place.replace("s3://", "s3a://", 1)
