"""The commands about experiments."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, progressing, say

__all__ = ["app"]

app = App(name="experiment", help="Plan an experiment, read its result, get its verdict.")


@app.command
def plan(
    name: str,
    /,
    *,
    lift: Annotated[float, Parameter(help="Relative lift to be seen: 0.02 is +2 %.")] = 0.02,
    common: Common = COMMON,
) -> int:
    """Say how long it takes until a lift can be seen, from this shop's own history.

    Exits with 2 where the experiment, as declared, cannot see the lift by which it would pay.
    """
    with opened(common) as shop:
        found = shop.experiment(name).plan(lift)
    say(found, as_json=common.json)
    return BAD if found.refusal else 0


@app.command
def plan_curve(
    name: Annotated[str | None, Parameter(help="A declared experiment.")] = None,
    /,
    *,
    surface: Annotated[str | None, Parameter(help="Instead: a surface on which none is declared yet.")] = None,
    metric: Annotated[str, Parameter(help="With --surface: the outcome.")] = "revenue_per_visitor",
    shares: Annotated[
        list[float] | None, Parameter(name="--share", help="Held out, such as 0.2; several may be named.")
    ] = None,
    weeks: Annotated[list[int] | None, Parameter(name="--weeks", help="Weeks of entry; several may be named.")] = None,
    common: Common = COMMON,
) -> int:
    """Show the smallest visible lift against weeks and shares held out, from this shop's own history."""
    from counterclick.errors import ConfigError
    from counterclick.experiments.plan_curve import SHARES, WEEKS

    if (name is None) == (surface is None):
        raise ConfigError("name a declared experiment, or with --surface the surface of one that is not declared yet.")
    held, during = tuple(shares or SHARES), tuple(weeks or WEEKS)
    with opened(common) as shop:
        if name is not None:
            found = shop.experiment(name).plan_curve(held, during)
        else:
            found = shop.plan_curve(str(surface), metric, shares=held, weeks=during)
    say(found, as_json=common.json)
    return 0


@app.command
def course(
    name: str,
    /,
    *,
    by: Annotated[Literal["day", "week"], Parameter(help="A point for each day or week of entry.")] = "week",
    common: Common = COMMON,
) -> int:
    """Show the interval over time, the looks that were taken, those to come, and what would end it; takes no look."""
    with opened(common) as shop:
        say(shop.experiment(name).course(by), as_json=common.json)
    return 0


@app.command
def result(
    name: str,
    /,
    *,
    metrics: Annotated[list[str] | None, Parameter(name="--metric", help="A metric besides the usual ones.")] = None,
    common: Common = COMMON,
) -> int:
    """Show every metric of every arm with lift and interval."""
    with opened(common) as shop:
        say(shop.experiment(name).result(metrics or ()), as_json=common.json)
    return 0


@app.command
def holdout(*, common: Common = COMMON) -> int:
    """Say what all AI surfaces are worth together, with every feature beside it."""
    with opened(common) as shop, progressing("Judging") as progress:
        found = shop.holdout(progress=progress)
    say(found, as_json=common.json)
    return 0


@app.command
def verdict(name: str, /, *, common: Common = COMMON) -> int:
    """Say won, lost, inconclusive or invalid, why, and what it is worth a month."""
    with opened(common) as shop:
        say(shop.experiment(name).verdict(), as_json=common.json)
    return 0


@app.command
def slices(name: str, /, *, common: Common = COMMON) -> int:
    """Show the outcome by new and returning customers, device, country and category; exploratory, never a verdict."""
    with opened(common) as shop:
        say(shop.experiment(name).slices(), as_json=common.json)
    return 0
