"""Verifying: what the log says that held-out visitors had of a surface."""

from __future__ import annotations

from datetime import timedelta

from counterclick.audits.leaking import ArmSeen, HoldoutCheck, HoldoutTest, Leak, holdout_check, holdout_test
from counterclick.config import HELD_OUT, HOLDOUT, NOTHING, Config, ExperimentConfig
from counterclick.errors import ConfigError, RefusedError, UnknownNameError
from counterclick.facts.local_time import day_begins
from counterclick.shop.reading import Reading, from_microseconds

__all__ = ["verified_holdout"]

_SHOWN = ("view_item_list", "message_sent")
_CLICKED = ("select_item", "message_clicked", "message_opened")
_ANSWERED = ("assistant_answer",)
_BOUGHT = ("add_to_cart", "purchase")


def verified_holdout(reading: Reading, config: Config, surface: str, most: int) -> HoldoutCheck:
    """Return whether those who are held out from a surface had anything of it.

    Args:
        reading: the store.
        config: what ``shop.toml`` declares.
        surface: which.
        most: leaks listed at most, for each test.

    Raises:
        UnknownNameError: there is no such surface.
        ConfigError: nobody is held out from it, or ``most`` is below 1.
        RefusedError: the facts lie in a warehouse.
    """
    if most < 1:
        raise ConfigError(f"most must be 1 or more; it was {most}.")
    own = {name: settings for name, settings in config.experiments.items() if settings.surface == surface}
    known = {*config.surfaces, *config.onoff, *(each.surface for each in config.experiments.values())}
    if surface not in known:
        raise UnknownNameError("surface", surface, known, "Declare it as [surfaces.NAME] in shop.toml.")
    if reading.is_mapped:
        raise RefusedError(
            "whether a holdout leaks is read from the log, event by event, and of a shop whose facts lie in a warehouse "
            "nothing stands there. Ask its tables: interactions of visitors who were first exposed to the control."
        )
    tests = {name: settings for name, settings in own.items() if NOTHING in settings.variants}
    if config.holdout is not None:
        tests = {HOLDOUT: config.holdout.as_experiment(), **tests}
    if not tests:
        raise ConfigError(
            f"nobody is held out from surface {surface!r}: shop.toml declares no [holdout], and no experiment on it with "
            f"the variant {NOTHING!r}."
        )
    return holdout_check(
        surface,
        [_tested(reading, config.shop.timezone, surface, name, settings, most) for name, settings in tests.items()],
        [name for name in own if name not in tests],
    )


def _tested(reading: Reading, timezone: str, surface: str, name: str, settings: ExperimentConfig, most: int) -> HoldoutTest:
    """Return one test: its visitors by their first arm, and their events of the surface on its days."""
    begins = day_begins(settings.starts_on, timezone)
    ends = day_begins(settings.ends_on + timedelta(days=1), timezone)
    reading.connection.execute(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT visitor_id, arg_min(variant, (occurred_at, event_id)) AS variant, "
        "min(occurred_at) AS first_at FROM events WHERE kind = 'exposure' AND experiment = ? GROUP BY visitor_id",
        [name],
    )
    kinds = ", ".join(f"'{kind}'" for kind in (*_SHOWN, *_CLICKED, *_ANSWERED, *_BOUGHT))
    reading.connection.execute(
        "CREATE OR REPLACE TEMP TABLE had AS SELECT kind, event_id, visitor_id, occurred_at, coalesce(source, '') AS source "
        f"FROM events WHERE kind IN ({kinds}) AND visitor_id IS NOT NULL AND occurred_at >= ? AND occurred_at < ? "
        "AND (surface = ? OR list_contains(list_transform(lines, lambda l: l.surface), ?))",
        [begins, ends, surface, surface],
    )
    counted = ", ".join(
        f"count(*) FILTER (had.kind IN ({', '.join(repr(kind) for kind in some)}))"
        for some in (_SHOWN, _CLICKED, _ANSWERED, _BOUGHT)
    )
    found = {
        row[0]: row[1:]
        for row in reading.rows(
            f"SELECT variant, count(DISTINCT met.visitor_id), count(DISTINCT had.visitor_id), {counted} "
            "FROM met LEFT JOIN had ON had.visitor_id = met.visitor_id GROUP BY variant"
        )
    }
    held = HELD_OUT if name == HOLDOUT else NOTHING
    nobody = (0,) * 6
    arms = [ArmSeen(arm, arm == held, *found.get(arm, nobody)) for arm in settings.variants]
    reached = "FROM had JOIN met ON met.visitor_id = had.visitor_id WHERE variant = ?"
    leaks = reading.rows(
        f"SELECT epoch_us(occurred_at), kind, event_id, had.visitor_id, source, occurred_at < first_at {reached} "
        f"ORDER BY occurred_at, event_id LIMIT {most}",
        [held],
    )
    return holdout_test(
        name,
        arms,
        int(reading.rows(f"SELECT count(*) {reached}", [held])[0][0]),
        [Leak(from_microseconds(at), *rest) for at, *rest in leaks],
        int(reading.one("SELECT count(DISTINCT visitor_id) FROM had WHERE visitor_id NOT IN (SELECT visitor_id FROM met)")),
    )
