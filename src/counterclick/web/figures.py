"""The shop's figures over HTTP: each address is a verb of the shop, and answers with the JSON that its command prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import Parameter, QueryParameter

from counterclick.display import Shown
from counterclick.web.service import Service

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["FIGURES"]

_Ask = Request[Any, Any, Any]
_Answer = Response[str]
_Question = Callable[[Any], Shown]
_Shares = Annotated[list[float] | None, QueryParameter(name="share")]


def _experiment(name: str, question: _Question, shop: Shop) -> Shown:
    return question(shop.experiment(name))


def _onoff(surface: str, question: _Question, shop: Shop) -> Shown:
    return question(shop.onoff(surface))


@get("/v1/overview")
async def overview(
    request: _Ask,
    service: Service,
    period: str | None = None,
    since: date | None = None,
    until: date | None = None,
    surface: str | None = None,
    currency: str | None = None,
) -> _Answer:
    """Show a period (2026-03, last-28-days) beside the one before and last year, and the one thing to do next."""
    return await service.ask(request, methodcaller("overview", period, surface, since=since, until=until, currency=currency))


@get("/v1/audit")
async def audit(request: _Ask, service: Service, surface: str | None = None, *, explain: bool = False) -> _Answer:
    """Say what is claimed, what is true, what has drifted, what to keep; ``explain`` shows the query of each figure."""
    return await service.ask(request, methodcaller("explain", surface) if explain else methodcaller("audit"))


@get("/v1/claims")
async def claims(request: _Ask, service: Service) -> _Answer:
    """Lay what tools report and surfaces would claim beside the shop's revenue and its own credits."""
    return await service.ask(request, methodcaller("claims"))


@get("/v1/alignment")
async def alignment(request: _Ask, service: Service) -> _Answer:
    """Say of each surface what is celebrated, and whether it is measured, tuned and tested on that."""
    return await service.ask(request, methodcaller("alignment"))


@get("/v1/drift")
async def drift(request: _Ask, service: Service) -> _Answer:
    """Show clicks, time and messages beside revenue: in experiments, over months, and how often they agreed."""
    return await service.ask(request, methodcaller("drift"))


@get("/v1/readiness")
async def readiness(request: _Ask, service: Service) -> _Answer:
    """Say what this store is ready for, what is missing and until when, and what a lift would be worth."""
    return await service.ask(request, methodcaller("readiness"))


@get("/v1/check")
async def check(
    request: _Ask,
    service: Service,
    fail_on: list[str] | None = None,
    most: Annotated[int, Parameter(ge=1, le=10_000)] = 20,
    *,
    rejections: bool = False,
) -> _Answer:
    """Show the state of the recorded data; with ``rejections`` the newest refused events, ``most`` of them."""
    return await service.ask(
        request, methodcaller("rejections", most) if rejections else methodcaller("check", fail_on=fail_on or ())
    )


@get("/v1/served")
async def served(
    request: _Ask,
    service: Service,
    name: str | None = None,
    period: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> _Answer:
    """Show what surfaces served in a period, by policy, arm and product, and what of it was bought; verdicts first."""
    return await service.ask(request, methodcaller("served", name, period, since=since, until=until))


@get("/v1/returns")
async def returns(request: _Ask, service: Service) -> _Answer:
    """Show what comes back by item, size, customer and category, what prevention lacks, and what nudges saved."""
    return await service.ask(request, methodcaller("returns"))


@get("/v1/boosts")
async def boosts(
    request: _Ask,
    service: Service,
    period: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> _Answer:
    """Show what each product earns each time it is shown, with boosts for a search engine; what is clicked, not bought."""
    return await service.ask(request, methodcaller("boosts", period, since=since, until=until))


@get("/v1/replenishment")
async def replenishment(request: _Ask, service: Service, today: date | None = None) -> _Answer:
    """Show what reminders of what is bought again earned, what is missing, how far chances hold, and who is next."""
    return await service.ask(request, methodcaller("replenishment", today))


@get("/v1/mailings")
async def mailings(request: _Ask, service: Service) -> _Answer:
    """Show what e-mail blocks did: each campaign's verdict, orders per recipient sent, what was bought of the products."""
    return await service.ask(request, methodcaller("mailings"))


@get("/v1/settings")
async def settings(request: _Ask, service: Service) -> _Answer:
    """Show shop.toml as it was read: every setting, whether it is set, its meaning, and what is missing; no secrets."""
    return await service.show(request, service.shop.settings)


@get("/v1/orders")
async def orders(
    request: _Ask,
    service: Service,
    most: Annotated[int, Parameter(ge=1, le=10_000)] = 20,
    unmatched: str | None = None,
) -> _Answer:
    """List completed orders, the newest first; ``unmatched`` names an experiment that cannot match them."""
    return await service.ask(request, methodcaller("latest_orders", most, unmatched=unmatched))


@get("/v1/trace")
async def trace(request: _Ask, service: Service, order: str) -> _Answer:
    """Show one order's journey: touches, who is credited and why nobody else, experiments, returns, claims of tools."""
    return await service.ask(request, methodcaller("trace", order))


@get("/v1/metrics/{name:str}")
async def metric(
    request: _Ask, service: Service, name: str, by: Literal["day", "week", "month", "surface"] | None = None
) -> _Answer:
    """Show a metric of the whole shop, by period or by surface."""
    return await service.ask(request, methodcaller("metric", name, by=by))


@get("/v1/rows/{name:str}")
async def rows(
    request: _Ask,
    service: Service,
    name: str,
    since: date | None = None,
    until: date | None = None,
    surface: str | None = None,
    experiment: str | None = None,
    where: list[str] | None = None,
    most: Annotated[int, Parameter(ge=1, le=10_000)] = 20,
    *,
    known: bool = False,
) -> _Answer:
    """List the rows that a figure is made of, the newest first, and what all of them add up to."""
    from counterclick.shop.behind import where_of  # noqa: PLC0415 - a server begins without statistics and tables

    asked = {"since": since, "until": until, "surface": surface, "experiment": experiment, "known": known, "most": most}
    return await service.ask(request, methodcaller("rows", name, where=where_of(where or ()), **asked))


@get("/v1/report")
async def report(
    request: _Ask, service: Service, month: str | None = None, *, compare: bool = False, quarter: bool = False
) -> _Answer:
    """Report a month, such as 2026-03; the last whole one unless named."""
    return await service.ask(request, methodcaller("report", month, compare=compare, quarter=quarter))


@get("/v1/calibrate")
async def calibrate(
    request: _Ask,
    service: Service,
    name: str | None = None,
    lift: Annotated[float, Parameter(gt=-1, lt=1_000)] = 0.1,
    draws: Annotated[int, Parameter(ge=1, le=10_000)] = 1_000,
) -> _Answer:
    """Assign past visitors anew, many times, and show how often a verdict would have been wrong, and right."""
    return await service.ask(request, methodcaller("calibrate", name, lift=lift, draws=draws))


@get("/v1/holdout")
async def holdout(request: _Ask, service: Service) -> _Answer:
    """Say what all AI surfaces are worth together, with every feature beside it."""
    return await service.ask(request, methodcaller("holdout"))


@get("/v1/experiments/{name:str}/plan")
async def plan(
    request: _Ask, service: Service, name: str, lift: Annotated[float, Parameter(gt=0, lt=1_000)] = 0.02
) -> _Answer:
    """Say how long it takes until a lift can be seen, from this shop's own history."""
    return await service.ask(request, partial(_experiment, name, methodcaller("plan", lift)))


@get("/v1/experiments/{name:str}/plan-curve")
async def plan_curve(
    request: _Ask, service: Service, name: str, shares: _Shares = None, weeks: list[int] | None = None
) -> _Answer:
    """Show the smallest visible lift against weeks and shares held out, from this shop's own history."""
    drawn = _said(shares=shares, weeks=weeks)
    return await service.ask(request, partial(_experiment, name, methodcaller("plan_curve", **drawn)))


@get("/v1/plan-curve")
async def proposed_curve(
    request: _Ask,
    service: Service,
    surface: str,
    metric: str = "revenue_per_visitor",
    shares: _Shares = None,
    weeks: list[int] | None = None,
) -> _Answer:
    """Show the same of an experiment on a surface that nobody has declared yet."""
    drawn = _said(shares=shares, weeks=weeks)
    return await service.ask(request, methodcaller("plan_curve", surface, metric, **drawn))


@get("/v1/experiments/{name:str}/course")
async def course(request: _Ask, service: Service, name: str, by: Literal["day", "week"] = "week") -> _Answer:
    """Show the interval over time, the looks that were taken, those to come, and what would end it; takes no look."""
    return await service.ask(request, partial(_experiment, name, methodcaller("course", by)))


@get("/v1/experiments/{name:str}/result")
async def result(
    request: _Ask,
    service: Service,
    name: str,
    metrics: Annotated[list[str] | None, QueryParameter(name="metric")] = None,
) -> _Answer:
    """Show every metric of every arm with lift and interval."""
    return await service.ask(request, partial(_experiment, name, methodcaller("result", metrics or ())))


@get("/v1/experiments/{name:str}/verdict")
async def verdict(request: _Ask, service: Service, name: str) -> _Answer:
    """Say won, lost, inconclusive or invalid, why, and what it is worth a month."""
    return await service.ask(request, partial(_experiment, name, methodcaller("verdict")))


@get("/v1/experiments/{name:str}/slices")
async def slices(request: _Ask, service: Service, name: str) -> _Answer:
    """Show the outcome by new and returning customers, device, country and category; exploratory, never a verdict."""
    return await service.ask(request, partial(_experiment, name, methodcaller("slices")))


@get("/v1/tune")
async def tune(request: _Ask, service: Service) -> _Answer:
    """List proposed changes of settings: who wants each and why, and where it stands; nothing is changed here."""
    return await service.ask(request, methodcaller("tune_proposals"))


@get("/v1/onoff/{surface:str}/plan")
async def onoff_plan(
    request: _Ask, service: Service, surface: str, lift: Annotated[float | None, Parameter(gt=0, lt=1_000)] = None
) -> _Answer:
    """Say which lift switching a surface on and off can show, from this shop's own history."""
    return await service.ask(request, partial(_onoff, surface, methodcaller("plan", lift)))


@get("/v1/onoff/{surface:str}/calendar")
async def onoff_calendar(request: _Ask, service: Service, surface: str) -> _Answer:
    """Show the declared schedule, block by block; writes nothing."""
    return await service.ask(request, partial(_onoff, surface, methodcaller("calendar")))


@get("/v1/onoff/{surface:str}/verdict")
async def onoff_verdict(request: _Ask, service: Service, surface: str) -> _Answer:
    """Say won, lost, inconclusive or invalid of an on/off test, why, and what the surface is worth a month."""
    return await service.ask(request, partial(_onoff, surface, methodcaller("verdict")))


def _said(**parameters: Any) -> dict[str, Any]:
    """Return the parameters that were given; the verb knows what holds without the others."""
    return {name: value for name, value in parameters.items() if value}


FIGURES = (
    *(overview, audit, claims, alignment, drift, readiness, check, served, returns, boosts, replenishment),
    *(mailings, settings, orders, trace, rows, metric),
    *(report, calibrate, holdout, plan, plan_curve, proposed_curve, course, result, verdict, slices, tune),
    *(onoff_plan, onoff_calendar, onoff_verdict),
)
"""The addresses that read."""
