"""Spark as the engine: the same files of the log, what waits in the inbox, and what is kept, in a folder that all see."""

from __future__ import annotations

import contextlib
import hashlib
import math
import shutil
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from counterclick.shop.engines.books import Books
from counterclick.shop.engines.connect import answering, release
from counterclick.shop.engines.dialects import typed
from counterclick.shop.engines.sessions import spark_session
from counterclick.shop.engines.spark_backend import SparkBackend
from counterclick.shop.engines.spark_upkeep import SparkUpkeep, show
from counterclick.shop.texts import steady
from counterclick.shop.until import until_events
from counterclick.store.log import Snapshot
from counterclick.store.shelved import ENGINE, reading_folder

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
        snapshot: of the log.
        books: what the embedded database has of the same reading.
    """

    snapshot: Snapshot
    books: Books


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
        self._scratch = reading_folder(Path(config.scratch or source.books.store.folder / ENGINE).absolute())
        self._backend = SparkBackend()
        self._backend.do_connect(self._session)
        sessions = [self._session]
        # tables that somebody holds hold it, and can be read on until nobody does
        weakref.finalize(self._backend, _end, sessions, self._scratch)
        divided = {"spark.sql.shuffle.partitions": str(self._n_parts(source.snapshot))}
        for name, value in divided.items():
            self._session.conf.set(name, config.settings.get(name, value))
        events = self._read(source)
        another = partial(_another, sessions, str(config.url), divided | config.settings)
        books = source.books if until is None else None
        self._upkeep = SparkUpkeep(self._session, another, self._scratch, source.snapshot, books)
        self.events: Table = events if until is None else until_events(events, until)
        self.parts: Parts = NESTED

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Compute a table once, into Parquet files that all workers see, or take what is stored of it, and return it."""
        del merges, per
        compiler = self._backend.compiler
        sql = steady(typed(compiler, table).sql(dialect=compiler.dialect))
        inputs = sorted({found.name for found in table.op().find(ops.DatabaseTable)} - {_EVENTS})
        with answering():
            return self._table(self._upkeep.keep(name, sql, by, inputs), table.schema())

    def load(self, rows: pa.Table, name: str) -> Table:
        """Return rows as a table of that name."""
        place = self._scratch / self._written(rows, name)
        digest = hashlib.sha256(f"{rows.schema}{rows.to_pylist()}".encode()).hexdigest()
        with answering():
            show(self._session, name, place)
        self._upkeep.load(name, place, digest)
        return self._table(name, PyArrowSchema.to_ibis(rows.schema))

    def work_ahead(self) -> None:
        """Tables are taken as they are asked for: most of an audit is Spark's own time."""

    def close(self) -> None:
        """Store what was computed, where that pays; where Spark or the disk cannot, all stays as it was."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - an extra
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

        with contextlib.suppress(PySparkException, Py4JError, OSError):
            self._upkeep.close()

    def _read(self, source: Source) -> Table:
        """Return the events: those of the log's files, and those that wait."""
        known = PyArrowSchema.to_ibis(SCHEMA)
        schema = PySparkSchema.from_ibis(known)
        waiting = self._written(source.books.rows("FROM main.inbox_events").cast(SCHEMA), "waiting")
        rows = self._session.read.schema(schema).parquet(f"file://{self._scratch / waiting}")
        if source.snapshot.files:
            root = _address(source.books.store.log.location)
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


def _another(sessions: list[Any], url: str, settings: Mapping[str, str]) -> Any:
    """Return one more session, which ends with the first."""
    sessions.append(spark_session(url, settings))
    return sessions[-1]


def _end(sessions: Sequence[Any], scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    for session in sessions:
        release(session)


def _address(place: str) -> str:
    """Return a place as Hadoop's file systems are addressed."""
    if "://" not in place:
        return f"file://{Path(place).absolute()}"
    return place.replace("s3://", "s3a://", 1)
