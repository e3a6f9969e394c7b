"""What a DuckDB asks for events: the files of the log, and the bodies that wait in the inbox, in one schema."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Collection, Sequence
from typing import Any

import duckdb

from counterclick.events.bulk import columns_sql, quoted
from counterclick.events.schema import SCHEMA, duckdb_type
from counterclick.store.inbox import Body
from counterclick.store.log import Snapshot, file_name
from counterclick.store.spilling import spill_folder

__all__ = ["COLUMNS", "NOTHING", "connect", "load_bodies", "log_sql"]

COLUMNS = ", ".join(f'"{name}"' for name in SCHEMA.names)
"""SQL of the log's columns."""
NOTHING = ", ".join(f'NULL::{duckdb_type(f.type)} AS "{f.name}"' for f in SCHEMA)
"""SQL of the log's columns, each of its type and empty."""
_PART = 64
"""Bodies that one thread parses at a time."""


def connect(memory_limit: str = "1500MB") -> duckdb.DuckDBPyConnection:
    """Return an in-memory DuckDB that counts in UTC and, above the limit, spills to a temporary folder of its own."""
    connection = duckdb.connect()
    spill = spill_folder()
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute(f"SET memory_limit = '{memory_limit}'")
    connection.execute(f"SET temp_directory = {quoted(spill)}")
    return connection


def log_sql(connection: duckdb.DuckDBPyConnection, location: str, snapshot: Snapshot, known: Collection[str] = ()) -> str:
    """SQL for a snapshot of the log with the explicit schema, whatever the age of its files.

    DuckDB reads the files of a folder itself; those behind a URL it is given by delta-rs, which has the credentials.

    Args:
        connection: that will be asked.
        location: of the log.
        snapshot: of the log.
        known: names of files that are left out.
    """
    wanted = [path for path in snapshot.files if file_name(path) not in known]
    if snapshot.table is None or not wanted:
        return f"SELECT {NOTHING} WHERE false"
    if "://" in location:
        source = "_new_behind_url" if known else "_log_behind_url"
        connection.register(source, _of_files(snapshot.table.to_pyarrow_dataset(), {file_name(path) for path in wanted}))
    else:
        files = ", ".join(quoted(path) for path in wanted)
        source = f"""read_parquet([{files}], hive_partitioning = true, hive_types = {{'kind': VARCHAR}},
            union_by_name = true)"""
    return f"SELECT {COLUMNS} FROM (SELECT {NOTHING} WHERE false UNION ALL BY NAME SELECT * FROM {source})"


def load_bodies(connection: duckdb.DuckDBPyConnection, bodies: Sequence[Body], table: str) -> None:
    """Make a table in the log's schema of bodies that wait, a row for each line of theirs.

    Args:
        connection: to make it in.
        bodies: in the order in which they came.
        table: its name.
    """
    import pyarrow as pa  # noqa: PLC0415 - only where bodies wait

    waiting = pa.table(
        {
            "received_at": [body.received_at for body in bodies],
            "source": [body.source for body in bodies],
            "text": [body.text for body in bodies],
        }
    )
    parts = pa.Table.from_batches(waiting.to_batches(max_chunksize=_PART), waiting.schema)  # a thread takes a part at a time
    connection.register("_bodies", parts)
    lines = "SELECT received_at, source, unnest(string_split(text, chr(10))) AS line FROM _bodies"
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS {columns_sql(lines)}")
    connection.unregister("_bodies")


def _of_files(log: Any, names: Collection[str]) -> Any:
    """Return the part of an Arrow dataset that lies in the files of these names."""
    from pyarrow.dataset import FileSystemDataset  # noqa: PLC0415 - only where the log lies behind a URL

    fragments = [fragment for fragment in log.get_fragments() if file_name(fragment.path) in names]
    return FileSystemDataset(fragments, log.schema, log.format, log.filesystem)
