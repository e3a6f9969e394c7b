"""Where facts, metrics and moments are computed: the embedded DuckDB, or the engine that ``shop.toml`` names."""

from counterclick.shop.engines.books import Books
from counterclick.shop.engines.choosing import engine_of
from counterclick.shop.engines.embedded import Embedded
from counterclick.shop.engines.engine import Engine

__all__ = ["Books", "Embedded", "Engine", "engine_of"]
