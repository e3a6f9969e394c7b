"""What a configuration says must be possible: every refusal names what would be."""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from counterclick.config.changing import AT, BOOSTS, RULES, VARIANT, changed
from counterclick.config.engine import check_engine
from counterclick.config.replenishment import REPLENISH
from counterclick.config.rules import Rules
from counterclick.config.settings import HOLDOUT, Config, ExperimentConfig, OnOffConfig, duration
from counterclick.config.warehouse import check_facts
from counterclick.errors import ConfigError, UnknownNameError

__all__ = ["check"]

_TEN_THOUSANDTHS = 10_000
_MOST_WEEKS = 104


def check(config: Config, name: str) -> None:
    """Refuse what cannot be.

    Args:
        config: what was read.
        name: of the file, for messages.

    Raises:
        ConfigError: a setting contradicts itself, another one, or the world.
    """
    _check_shop(config, name)
    check_engine(config.engine, name)
    for surface, declared in config.surfaces.items():
        if declared.monthly_cost is not None and not 0 <= declared.monthly_cost < math.inf:
            raise ConfigError(f"{name}: monthly_cost of surface {surface!r} must be a number, not negative.")
    _check_tools(config, name)
    _check_origins(config, name)
    if not 0 < config.kill.no_movement_days <= config.kill.no_lift_days:
        raise ConfigError(f"{name}: [kill] needs no_movement_days above 0 and at most no_lift_days.")
    for experiment, settings in config.experiments.items():
        _check_experiment(experiment, settings, name)
    _check_settings(config, name)
    _check_layers(config, name)
    _check_holdout(config, name)
    _check_schedules(config, name)
    check_facts(config.facts, config.engine.url, name)
    for network in config.serve.trusted_proxies:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            says = f"{name}: trusted_proxies of [serve] are networks such as '127.0.0.1' or '10.0.0.0/8', not {network!r}."
            raise ConfigError(says) from error


def _check_shop(config: Config, name: str) -> None:
    try:
        ZoneInfo(config.shop.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as 'Europe'
        raise ConfigError(
            f"{name}: timezone {config.shop.timezone!r} is not known; write an IANA name such as 'Europe/Berlin'."
        ) from error
    if not re.fullmatch("[A-Z]{3}", config.shop.currency):
        raise ConfigError(f"{name}: currency {config.shop.currency!r} is no ISO 4217 code such as 'EUR'.")
    if config.shop.locale is not None:
        _check_locale(config.shop.locale, name)
    _check_duration(config.shop.returns_window, f"{name}: returns_window")
    _check_duration(config.shop.allowance, f"{name}: allowance")
    _check_duration(config.attribution.window, f"{name}: window of [attribution]")
    if config.shop.margin_rate is not None and not 0 < config.shop.margin_rate <= 1:
        raise ConfigError(f"{name}: margin_rate must be a fraction above 0 and at most 1.")


def _check_locale(locale: str, name: str) -> None:
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - only a shop that declares one waits for it

    try:
        Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise ConfigError(f"{name}: locale {locale!r} is not known; write one such as 'en', 'de' or 'en-GB'.") from error


def _check_tools(config: Config, name: str) -> None:
    owners: dict[str, str] = {}
    for surface, declared in config.surfaces.items():
        for tool in declared.claimed_by:
            other = owners.setdefault(tool, surface)
            if other != surface or (tool in config.surfaces and tool != surface):
                raise ConfigError(f"{name}: the claims of {tool!r} are tied to two surfaces; tie them to one.")


def _check_origins(config: Config, name: str) -> None:
    for origin in config.serve.origins:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise ConfigError(
                f"{name}: [serve] origins has {origin!r}; write scheme and host, and the port where there is one, as a "
                "browser sends them: 'https://shop.example', without a path and without '*'."
            )


def _check_holdout(config: Config, name: str) -> None:
    if HOLDOUT in config.experiments:
        raise ConfigError(f"{name}: an experiment cannot be named {HOLDOUT!r}; the global holdout is declared as [holdout].")
    if config.holdout is not None:
        if not 0 < config.holdout.share < 1:
            raise ConfigError(
                f"{name}: the share of [holdout] must be a fraction, such as 0.1; it is {config.holdout.share}."
            )
        _check_experiment(HOLDOUT, config.holdout.as_experiment(), name)


def _check_schedules(config: Config, name: str) -> None:
    salts: dict[str, str] = {}
    for surface, schedule in config.onoff.items():
        _check_onoff(surface, schedule, name)
        other = salts.setdefault(schedule.salt or surface, surface)
        if other != surface:
            raise ConfigError(
                f"{name}: [onoff.{other}] and [onoff.{surface}] have the same salt, so that both would be switched by the "
                "same coins; give each its own."
            )


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
    _check_shares(settings.variants, where)
    if REPLENISH in settings.variants and settings.unit != "customer":
        raise ConfigError(f'{where} has the arm {REPLENISH!r}, which is of customers: write unit = "customer".')
    _check_traffic(settings, where)
    if settings.ends_on < settings.starts_on:
        raise ConfigError(f"{where} ends on {settings.ends_on}, before it starts on {settings.starts_on}.")
    if settings.planned_buyers is not None and settings.planned_buyers < 1:
        raise ConfigError(f"{where}: planned_buyers must be 1 or more; it is {settings.planned_buyers}.")
    for guardrail, margin in settings.guardrails.items():
        if not 0 < margin < 1:
            raise ConfigError(
                f"{where}: guardrail {guardrail!r} has the margin {margin}; it must be a fraction between 0 and 1."
            )


def _check_settings(config: Config, name: str) -> None:
    """Refuse variants that change what cannot be; rules and boosts are looked at when their files are read."""
    said: dict[str, dict[str, Any]] = {}
    for experiment, settings in config.experiments.items():
        for variant, changes in settings.settings.items():
            where = f"{name}: experiment {experiment!r}"
            if variant not in settings.variants or not VARIANT.fullmatch(variant) or not changes:
                raise ConfigError(
                    f"{where} has settings of {variant!r}; they are of a variant that is named POLICY{AT}NAME, such as "
                    f"'bundles{AT}few', and change something."
                )
            if said.setdefault(variant, changes) != changes:
                raise ConfigError(f"{where} changes other settings for {variant!r} than an experiment before it does.")
            own = {place: value for place, value in changes.items() if place.partition(".")[0] not in (RULES, BOOSTS)}
            try:
                changed(config, Rules(), own)
            except ConfigError as error:
                raise ConfigError(f"{where}, {variant!r}: {error}") from error
            except UnknownNameError as error:
                raise ConfigError(f"{where}, {variant!r}: {error}") from error


def _check_onoff(surface: str, settings: OnOffConfig, name: str) -> None:
    where = f"{name}: [onoff.{surface}]"
    for key, text in (("block", settings.block), ("washout", settings.washout)):
        if text is not None:
            _check_duration(text, f"{where}: {key}")
            if duration(text) % timedelta(days=1):
                raise ConfigError(f"{where}: {key} {text!r} is no whole number of days; write '1d' or '7d'.")
    if settings.lift is not None and not 0 < settings.lift < math.inf:
        raise ConfigError(f"{where}: lift must be above 0, such as 0.05 for +5 %; it is {settings.lift}.")
    block = settings.block_days
    if block is None:
        cycle = 2
    elif block in (1, 2, 3) or block % 7 == 0:
        cycle = max(2, 2 * block // 7)
    else:
        raise ConfigError(
            f"{where}: a block of {block} days does not hold the same weekdays as the next one; write '1d', '2d', '3d' or "
            "whole weeks, such as '7d'."
        )
    if settings.weeks > _MOST_WEEKS:
        raise ConfigError(f"{where}: {settings.weeks} weeks are more than two years; write {_MOST_WEEKS} at most.")
    if settings.weeks <= 0 or settings.weeks % cycle:
        raise ConfigError(
            f"{where}: {settings.weeks} weeks are no whole number of cycles of {cycle} weeks, in which each block has its "
            f"pair; write {max(1, settings.weeks // cycle) * cycle}."
        )
    if block is not None and settings.washout_days >= block:
        raise ConfigError(f"{where}: a washout of {settings.washout} leaves nothing of a block of {settings.block}.")


def _check_traffic(settings: ExperimentConfig, where: str) -> None:
    first, last = settings.traffic
    if not 0 <= first < last <= 1:
        raise ConfigError(
            f"{where}: traffic is [{first:g}, {last:g}]; it goes from a fraction to a larger one, as [0.0, 0.5]."
        )
    before = settings.starts_on
    for change in settings.changes:
        if not before < change.changes_on <= settings.ends_on:
            raise ConfigError(
                f"{where}: shares change on {change.changes_on}; changes lie within the experiment, one after the other."
            )
        if list(change.variants) != list(settings.variants):
            raise ConfigError(f"{where}: the change on {change.changes_on} must share out {', '.join(settings.variants)}.")
        _check_shares(change.variants, where)
        before = change.changes_on


def _check_layers(config: Config, name: str) -> None:
    """Refuse experiments of one layer that would have the same visitors at the same time."""
    layered = [(label, own) for label, own in config.experiments.items() if own.layer is not None]
    for place, (label, own) in enumerate(layered):
        for other, theirs in layered[place + 1 :]:
            together = own.starts_on <= theirs.ends_on and theirs.starts_on <= own.ends_on
            shared = own.traffic[0] < theirs.traffic[1] and theirs.traffic[0] < own.traffic[1]
            if own.layer == theirs.layer and together and shared:
                raise ConfigError(
                    f"{name}: experiments {label!r} and {other!r} of layer {own.layer!r} run at the same time on the same "
                    "visitors; give them parts of the traffic that do not overlap, such as [0.0, 0.5] and [0.5, 1.0]."
                )


def _check_shares(shares: dict[str, float], where: str) -> None:
    if any(not share > 0 for share in shares.values()):
        raise ConfigError(f"{where}: every share must be above 0.")
    total = sum(shares.values())
    if abs(total - 1) > 1e-9:  # noqa: PLR2004 - rounding only
        raise ConfigError(f"{where}: the shares add up to {total:g}; they must add up to 1.")
    for variant, share in shares.items():
        if abs(share * _TEN_THOUSANDTHS - round(share * _TEN_THOUSANDTHS)) > 1e-6:  # noqa: PLR2004 - rounding only
            raise ConfigError(
                f"{where}: the share {share:g} of {variant!r} is no multiple of 1/10000; write 0.3333 for a third."
            )
