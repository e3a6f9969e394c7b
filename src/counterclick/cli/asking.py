"""The command that shows the SQL of other commands."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["explain"]


def explain(
    verb: Annotated[str, Parameter(help="Such as audit, metrics, facts, plans, or experiment, result and verdict of one.")],
    name: Annotated[str | None, Parameter(help="The experiment, where the verb is of one.")] = None,
    /,
    *,
    engine: Annotated[
        str | None,
        Parameter(help="In whose words, such as duckdb, spark, bigquery, postgres, snowflake; the one in use unless given."),
    ] = None,
    common: Common = COMMON,
) -> int:
    """Show the SQL of a verb for the engine in use: every table that it keeps, every answer that it needs; it is asked."""
    with opened(common) as shop:
        say(shop.queries(verb, name, engine=engine), as_json=common.json)
    return 0
