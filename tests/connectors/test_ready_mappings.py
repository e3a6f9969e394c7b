"""Ready mappings are TOML that maps columns which the facts have, and leave none out that every row has."""

from __future__ import annotations

import pytest
import sqlglot

from counterclick.config import parse, sources_of
from counterclick.connectors.ready_mappings import ready_mapping, ready_mappings
from counterclick.errors import UnknownNameError
from counterclick.facts.base import CONTRACT
from counterclick.shop.warehouse.mapping import mapping_sql


@pytest.mark.parametrize("name", ready_mappings())
def test_a_mapping_maps_what_there_is(name: str) -> None:
    """Every fact and column of it is the contract's, and every column that is needed is mapped."""
    for fact, sources in sources_of(parse(f"[engine]\nurl = 'duckdb://'\n{ready_mapping(name)}").facts).items():
        for one in sources:
            assert {*one.columns} <= {*CONTRACT[fact].by_name}
            assert {field.name for field in CONTRACT[fact].fields if field.is_needed} <= {*one.columns}


def test_an_unknown_mapping_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(UnknownNameError, match="segment"):
        ready_mapping("segmnt")


_WORDS = {"ga4-bigquery": "bigquery"}


@pytest.mark.parametrize("name", ready_mappings())
def test_every_query_parses_in_its_engines_words(name: str) -> None:
    """And is written again by sqlglot, and parsed again, to the same; no BigQuery runs here."""
    words = _WORDS.get(name, "postgres")
    config = parse(f"[engine]\nurl = 'duckdb://'\n{ready_mapping(name)}")
    for fact, sources in sources_of(config.facts).items():
        for one in sources:
            tree = sqlglot.parse_one(mapping_sql(CONTRACT[fact], one, words), read=words)
            assert not [*tree.find_all(sqlglot.exp.Command)]
            assert sqlglot.parse_one(tree.sql(words), read=words).sql(words) == tree.sql(words)
            assert {column.alias for column in tree.selects} == {*one.columns} | ({"currency"} if one.currency else set())
