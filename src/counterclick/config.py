"""``shop.toml``: everything a shop declares, read once, checked with the message that says what would be right."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from counterclick.errors import ConfigError, UnknownNameError, did_you_mean

__all__ = [
    "AttributionConfig",
    "Config",
    "ExperimentConfig",
    "MappedEvent",
    "ShopConfig",
    "Skip",
    "SurfaceConfig",
    "TableConfig",
    "duration",
    "load",
    "parse",
]

NOTHING = "nothing"
"""The variant and policy that shows nothing."""
_LONGEST = 3660 * 86_400
_TEN_THOUSANDTHS = 10_000
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[shop]``.

    Attributes:
        currency: what all figures are in; ISO 4217.
        timezone: in which days, weeks and months begin; IANA name.
        store: folder of the events, relative to ``shop.toml``.
        log: place of the event log, if not in that folder.
        rates: CSV with the columns day, from, to, rate, for amounts in other currencies.
        margin_rate: share of revenue left after the cost of goods, where unit costs are not recorded.
        returns_window: after which an order's returns have matured.
        allowance: how late events may arrive before a visitor's value is taken as finished.
    """

    currency: str = "EUR"
    timezone: str = "UTC"
    store: str = ".counterclick"
    log: str | None = None
    rates: str | None = None
    margin_rate: float | None = None
    returns_window: str = "30d"
    allowance: str = "2d"


class AttributionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[attribution]``: the rule by which surfaces are credited with orders.

    Attributes:
        rule: ``first_touch`` or ``last_touch``.
        window: how long before the order a touch may lie.
        helpful_only: whether only helpful answers and clicks count, or every interaction.
    """

    rule: Literal["first_touch", "last_touch"] = "first_touch"
    window: str = "24h"
    helpful_only: bool = True


class SurfaceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[surfaces.NAME]``.

    Attributes:
        tuned_on: the metric that the surface is optimised for.
        monthly_cost: what it costs, in the shop's currency.
    """

    tuned_on: str | None = None
    monthly_cost: float | None = None


class ExperimentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[experiments.NAME]``.

    Attributes:
        surface: where it runs.
        control: the variant that the feature is compared with: the static rule where there is one.
        variants: variant -> share of visitors; they add up to 1. A variant is a policy.
        treatment: the feature; without it, the only variant that is neither control nor ``nothing``, else the first.
        outcome: the metric of the verdict.
        window: after a visitor's first eligibility, in which its orders count.
        guardrails: metric -> relative change for the worse that would still be borne.
        starts_on: first day on which visitors become eligible, in the shop's time zone.
        ends_on: last day on which they do.
        salt: what is hashed with the visitor; the experiment's name unless given.
    """

    surface: str
    control: str
    variants: dict[str, float]
    starts_on: date
    ends_on: date
    treatment: str | None = None
    outcome: str = "revenue_per_visitor"
    window: str = "7d"
    guardrails: dict[str, float] = {}
    salt: str | None = None

    @property
    def feature(self) -> str:
        """The variant that the verdict is about."""
        if self.treatment is not None:
            return self.treatment
        others = [name for name in self.variants if name != self.control]
        return next((name for name in others if name != NOTHING), others[0])


class MappedEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[tables.NAME.events]]``: one event a row, or one for each group of rows.

    Attributes:
        kind: of the vocabulary.
        fields: field -> SQL expression over the file's columns and ``row_number``.
        where: only rows for which this SQL condition holds.
        group_by: SQL expressions; rows that agree in them become one event, each row one of its ``lines``.
        lines: field of a line -> SQL expression, with ``group_by``.
        match: for refunds that name no order: expressions of customer and product, by which each returned
            quantity is matched to the latest earlier purchase with quantity left.
    """

    kind: str
    fields: dict[str, str]
    where: str | None = None
    group_by: tuple[str, ...] = ()
    lines: dict[str, str] = {}
    match: bool = False


class Skip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[tables.NAME.skip]]``: rows that are no events, counted under a name."""

    named: str
    where: str


class TableConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[tables.NAME]``: how the columns of a CSV or Parquet file become events.

    Attributes:
        file: pattern of the file names that it is for, such as ``orders_*.csv``.
        events: what the rows become.
        skip: rows that are left out, each kind counted.
    """

    file: str
    events: tuple[MappedEvent, ...]
    skip: tuple[Skip, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``shop.toml``."""

    shop: ShopConfig = ShopConfig()
    attribution: AttributionConfig = AttributionConfig()
    surfaces: dict[str, SurfaceConfig] = {}
    experiments: dict[str, ExperimentConfig] = {}
    tables: dict[str, TableConfig] = {}

    def experiment(self, name: str) -> ExperimentConfig:
        """Return a declared experiment.

        Raises:
            UnknownNameError: there is none of that name.
        """
        if name not in self.experiments:
            raise UnknownNameError("experiment", name, self.experiments, "Declare it as [experiments.NAME] in shop.toml.")
        return self.experiments[name]


def duration(text: str) -> timedelta:
    """Return a duration written as a number and a unit: ``30m``, ``24h``, ``7d``, ``2w``.

    Raises:
        ConfigError: it is not written so, or is not above zero.

    >>> duration("24h")
    datetime.timedelta(days=1)
    """
    found = re.fullmatch(r"([0-9]{1,9})\s*([mhdw])", text.strip())
    seconds = int(found.group(1)) * _UNITS[found.group(2)] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise ConfigError(
            f"{text!r} is not a duration; write a number and m, h, d or w, such as '24h' or '7d'; ten years at most."
        )
    return timedelta(seconds=seconds)


def load(path: Path) -> Config:
    """Read ``shop.toml``.

    Raises:
        ConfigError: it is not there, is not TOML, or says something that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); `counterclick init` writes a commented one."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error
    return parse(text, str(path))


def parse(text: str, name: str = "shop.toml") -> Config:
    """Return the configuration that a TOML text declares.

    Raises:
        ConfigError: it is not TOML, or says something that cannot be.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explained(str(error))}") from error
    _check(config, name)
    return config


def _explained(message: str) -> str:
    found = re.search(r"unknown field `(.+?)`(?: - at `\$(.*)`)?", message)
    if not found:
        return message
    known: dict[str, type[msgspec.Struct]] = {
        "": Config,
        "shop": ShopConfig,
        "attribution": AttributionConfig,
        "surfaces": SurfaceConfig,
        "experiments": ExperimentConfig,
        "tables": TableConfig,
    }
    path = found.group(2) or ""
    section = path.lstrip(".").split(".")[0].split("[")[0]
    struct = known.get(section, Config)
    if section == "tables":
        struct = MappedEvent if ".events[" in path else Skip if ".skip[" in path else TableConfig
    fields = struct.__struct_fields__
    return (
        f"there is no setting {found.group(1)!r} in [{section or 'the file'}]. "
        f"{did_you_mean(found.group(1), fields)}It may have: {', '.join(fields)}."
    )


def _check(config: Config, name: str) -> None:
    try:
        ZoneInfo(config.shop.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as 'Europe'
        raise ConfigError(
            f"{name}: timezone {config.shop.timezone!r} is not known; write an IANA name such as 'Europe/Berlin'."
        ) from error
    if not re.fullmatch("[A-Z]{3}", config.shop.currency):
        raise ConfigError(f"{name}: currency {config.shop.currency!r} is no ISO 4217 code such as 'EUR'.")
    _check_duration(config.shop.returns_window, f"{name}: returns_window")
    _check_duration(config.shop.allowance, f"{name}: allowance")
    _check_duration(config.attribution.window, f"{name}: window of [attribution]")
    if config.shop.margin_rate is not None and not 0 < config.shop.margin_rate <= 1:
        raise ConfigError(f"{name}: margin_rate must be a fraction above 0 and at most 1.")
    for surface, declared in config.surfaces.items():
        if declared.monthly_cost is not None and not 0 <= declared.monthly_cost < math.inf:
            raise ConfigError(f"{name}: monthly_cost of surface {surface!r} must be a number, not negative.")
    for experiment, settings in config.experiments.items():
        _check_experiment(experiment, settings, name)


def _check_duration(text: str, where: str) -> None:
    try:
        duration(text)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _check_experiment(experiment: str, settings: ExperimentConfig, name: str) -> None:
    where = f"{name}: experiment {experiment!r}"
    _check_duration(settings.window, f"{where}: window")
    for role in ("control", "feature"):
        if len(settings.variants) < 2:  # noqa: PLR2004 - an experiment compares two
            raise ConfigError(f"{where} needs two variants or more.")
        variant = getattr(settings, role)
        if variant not in settings.variants:
            raise ConfigError(f"{where}: {role} {variant!r} is none of its variants: {', '.join(settings.variants)}.")
    if settings.feature == settings.control:
        raise ConfigError(f"{where}: treatment and control are the same variant, {settings.control!r}.")
    _check_shares(settings, where)
    if settings.ends_on < settings.starts_on:
        raise ConfigError(f"{where} ends on {settings.ends_on}, before it starts on {settings.starts_on}.")
    for guardrail, margin in settings.guardrails.items():
        if not 0 < margin < 1:
            raise ConfigError(
                f"{where}: guardrail {guardrail!r} has the margin {margin}; it must be a fraction between 0 and 1."
            )


def _check_shares(settings: ExperimentConfig, where: str) -> None:
    if any(not share > 0 for share in settings.variants.values()):
        raise ConfigError(f"{where}: every share must be above 0.")
    total = sum(settings.variants.values())
    if abs(total - 1) > 1e-9:  # noqa: PLR2004 - rounding only
        raise ConfigError(f"{where}: the shares add up to {total:g}; they must add up to 1.")
    for variant, share in settings.variants.items():
        if abs(share * _TEN_THOUSANDTHS - round(share * _TEN_THOUSANDTHS)) > 1e-6:  # noqa: PLR2004 - rounding only
            raise ConfigError(
                f"{where}: the share {share:g} of {variant!r} is no multiple of 1/10000; write 0.3333 for a third."
            )
