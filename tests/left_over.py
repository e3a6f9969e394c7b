"""What a folder still holds, looked for without the product's own search."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["left_of"]


def left_of(folder: Path, *texts: str) -> list[str]:
    """Return the files of a folder in which one of these texts stands: in their bytes, or in the rows of a Parquet file."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".parquet":
                rows = duckdb.sql(f"SELECT to_json(t)::VARCHAR FROM read_parquet('{path}') AS t").fetchall()
                data += "\n".join(row[0] for row in rows).encode()
            found += [f"{path.name}: {text}" for text in texts if text.encode() in data]
    return found
