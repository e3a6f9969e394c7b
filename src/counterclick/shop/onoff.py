"""On/off tests of a shop's surfaces: plan, schedule, verdict, and the schedule's declaration in the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from counterclick.config import Config, OnOffConfig, duration
from counterclick.errors import RefusedError, UnknownNameError
from counterclick.experiments.onoff import judge_onoff, onoff_name
from counterclick.experiments.onoff_plan import OnOffContext, OnOffPlan, plan_onoff
from counterclick.experiments.onoff_schedule import Schedule, schedule_hash, schedule_of
from counterclick.facts.local_time import day_begins
from counterclick.shapes import from_json
from counterclick.shop.declaring import declarations
from counterclick.shop.reading import Reading, from_microseconds
from counterclick.stats.onoff import pairs_needed
from counterclick.verdicts import Verdict

__all__ = ["OnOff"]


class OnOff:
    """A surface that is switched on and off for everyone, by a randomised schedule.

    Args:
        surface: its name.
        config: the shop's.
        reading: returns the store as it is read now.
        record: writes events to the log.

    Raises:
        UnknownNameError: ``shop.toml`` names no such surface.
    """

    def __init__(
        self,
        surface: str,
        config: Config,
        reading: Callable[[], Reading],
        record: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        known = {*config.surfaces, *config.onoff, *(settings.surface for settings in config.experiments.values())}
        if surface not in known:
            raise UnknownNameError("surface", surface, known, "Declare it as [surfaces.NAME] in shop.toml.")
        self.surface = surface
        self._config = config
        self._reading = reading
        self._record = record

    def plan(self, lift: float | None = None) -> OnOffPlan:
        """Return what a schedule could see, from this shop's own days on which nothing was switched.

        Args:
            lift: of the whole shop's revenue, such as 0.05 for +5 %; by default the declared one, else the break-even lift.

        Raises:
            EmptyStoreError: no orders are recorded.
            RefusedError: there are fewer than eight weeks of history, or no block is declared and the decision lag is not
                known.
        """
        return plan_onoff(self.surface, self._config.onoff.get(self.surface), self._context(), lift)

    def schedule(self) -> Schedule:
        """Return the declared schedule; it is written to the log when it is first asked for.

        A schedule that is not in the log yet must be able to show the lift that matters.

        Raises:
            UnknownNameError: ``shop.toml`` declares none for this surface.
            RefusedError: its block is not declared, or it is too weak.
        """
        config = self._declared()
        schedule = schedule_of(self.surface, config)
        pairs = len(schedule.second_on)
        if pairs < pairs_needed():
            raise RefusedError(
                f"{config.weeks} weeks hold {pairs} pairs of blocks; fewer than {pairs_needed()} cannot be told from chance "
                f"(the least p-value of {pairs} coins is {2 / 2**pairs:.2g}). Declare more weeks or shorter blocks."
            )
        if not self._is_in_the_log(config):
            self._refuse_the_weak()
            self._declare(config)
        return schedule

    def calendar(self) -> Schedule:
        """Return the declared schedule as it would be given out; nothing is written, and a weak one is shown too.

        Raises:
            UnknownNameError: ``shop.toml`` declares none for this surface.
            RefusedError: its block is not declared.
        """
        return schedule_of(self.surface, self._declared())

    def verdict(self) -> Verdict:
        """Return won, lost, inconclusive or invalid, why, and what the surface is worth a month.

        Raises:
            UnknownNameError: ``shop.toml`` declares no schedule for this surface.
            EmptyStoreError: no orders are recorded.
            RefusedError: its block is not declared, it has not begun and is too weak, or a block has no revenue.
        """
        config = self._declared()
        schedule_of(self.surface, config)
        self._reading().as_of()
        if not self._is_in_the_log(config):
            if datetime.now(UTC) < day_begins(config.starts_on, self._config.shop.timezone):
                self.schedule()  # what has not begun can still be refused
            else:
                self._declare(config)
        return judge_onoff(self.surface, config, self._context())

    def _declared(self) -> OnOffConfig:
        if self.surface not in self._config.onoff:
            raise UnknownNameError(
                "on/off schedule",
                self.surface,
                self._config.onoff,
                f"`counterclick onoff plan {self.surface}` says what to declare as [onoff.{self.surface}] in shop.toml.",
            )
        return self._config.onoff[self.surface]

    def _is_in_the_log(self, config: OnOffConfig) -> bool:
        known = declarations(self._reading(), onoff_name(self.surface))
        return schedule_hash(self.surface, config) in {found.config_hash for found in known}

    def _refuse_the_weak(self) -> None:
        plan = self.plan()
        if not plan.can_see:
            weak = "" if plan.can_see is None else ": it is too weak"
            raise RefusedError(f"the schedule of {self.surface!r} is not given out{weak}. {plan.says}")

    def _declare(self, config: OnOffConfig) -> None:
        wanted = schedule_hash(self.surface, config)
        event = {
            "kind": "experiment_declared",
            "event_id": f"declared_{wanted}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "experiment": onoff_name(self.surface),
            "config_hash": wanted,
            "details": msgspec.json.encode(config, order="sorted").decode(),
        }
        self._record([event])

    def _context(self) -> OnOffContext:
        reading, shop = self._reading(), self._config.shop
        as_of = reading.as_of()
        surface = self._config.surfaces.get(self.surface)
        return OnOffContext(
            facts=reading.facts,
            as_of=as_of,
            currency=shop.currency,
            timezone=shop.timezone,
            allowance=duration(shop.allowance),
            monthly_cost=surface.monthly_cost if surface is not None else None,
            margin_rate=shop.margin_rate,
            declarations=declarations(reading, onoff_name(self.surface)),
            experiments=tuple(
                (name, settings.starts_on, settings.ends_on)
                for name, settings in self._config.experiments.items()
                if settings.surface == self.surface
            ),
            switched=_switched(reading),
        )


def _switched(reading: Reading) -> tuple[tuple[date, date], ...]:
    """Return the first and last days of the schedules that were to be followed, of whatever surface, as the log knows.

    One that another took the place of before it began was not followed, nor one that was declared after it had ended.
    """
    declared = f"kind = 'experiment_declared' AND starts_with(experiment, '{onoff_name('')}')"
    rows = reading.rows(
        f"SELECT experiment, details, epoch_us(occurred_at) FROM events WHERE {declared} ORDER BY experiment, occurred_at"
    )
    found = []
    for place, (name, details, moment) in enumerate(rows):
        settings = from_json(details, OnOffConfig)
        replaced = [from_microseconds(later).date() for other, _, later in rows[place + 1 :] if other == name]
        is_replaced = bool(replaced) and replaced[0] < settings.starts_on
        if not is_replaced and from_microseconds(moment).date() <= settings.ends_on:
            found.append((settings.starts_on, settings.ends_on))
    return tuple(found)
