"""The commands that tell what happened."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["overview", "returns", "rows", "served", "settings", "trace"]


_Period = Annotated[str | None, Parameter(help="Such as 2026-03, or last-28-days, which is meant unless told.")]
_Since = Annotated[date | None, Parameter(help="First day, instead.")]
_Until = Annotated[date | None, Parameter(help="Last day; the last whole one that is known unless given.")]


def overview(
    *,
    period: _Period = None,
    since: _Since = None,
    until: _Until = None,
    surface: Annotated[str | None, Parameter(help="Only what belongs to this surface.")] = None,
    currency: Annotated[str | None, Parameter(help="Such as USD: amounts at the newest declared rate.")] = None,
    common: Common = COMMON,
) -> int:
    """Show a period beside the one before and last year, what each surface earns, and the one thing to do next."""
    with opened(common) as shop:
        say(shop.overview(period, surface, since=since, until=until, currency=currency), as_json=common.json)
    return 0


def trace(order: str, /, *, common: Common = COMMON) -> int:
    """Show one order's journey: touches, who is credited and why nobody else, experiments, returns, claims of tools."""
    with opened(common) as shop:
        say(shop.trace(order), as_json=common.json)
    return 0


def rows(
    of: Annotated[str, Parameter(help="A measure such as net_revenue, or a table such as credits, visitors or events.")],
    /,
    *,
    since: Annotated[date | None, Parameter(help="Of this day and later.")] = None,
    until: Annotated[date | None, Parameter(help="Of this day and earlier.")] = None,
    surface: Annotated[str | None, Parameter(help="What belongs to it, or was done by visitors who met it.")] = None,
    experiment: Annotated[str | None, Parameter(help="Whose visitors.")] = None,
    where: Annotated[list[str] | None, Parameter(help="Such as variant=bundles: what a column holds.")] = None,
    known: Annotated[bool, Parameter(help="Only rows whose visitor is known.", negative="")] = False,
    most: Annotated[int, Parameter(help="How many, the newest first.")] = 20,
    common: Common = COMMON,
) -> int:
    """List the rows that a figure is made of, and what all of them add up to."""
    from counterclick.shop.behind import where_of

    with opened(common) as shop:
        found = shop.rows(
            of,
            since=since,
            until=until,
            surface=surface,
            experiment=experiment,
            where=where_of(where or ()),
            known=known,
            most=most,
        )
        say(found, as_json=common.json)
    return 0


def settings(*, common: Common = COMMON) -> int:
    """Show shop.toml as it is read: every setting, whether it is set, its meaning, and what is missing."""
    with opened(common) as shop:
        say(shop.settings(), as_json=common.json)
    return 0


def served(
    name: Annotated[str | None, Parameter(help="A surface or a policy; everything unless given.")] = None,
    /,
    *,
    period: _Period = None,
    since: _Since = None,
    until: _Until = None,
    common: Common = COMMON,
) -> int:
    """Show what surfaces served in a period, by policy, arm and product, and what of it was bought; verdicts first."""
    with opened(common) as shop:
        say(shop.served(name, period, since=since, until=until), as_json=common.json)
    return 0


def returns(*, common: Common = COMMON) -> int:
    """Show what comes back by item, size, customer and category, what prevention lacks, and what nudges saved."""
    with opened(common) as shop:
        say(shop.returns(), as_json=common.json)
    return 0
