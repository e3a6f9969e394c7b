"""Changed settings: what a proposal, or a variant of an experiment, sets otherwise than the shop's files do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from counterclick.config.boosts import BOOST
from counterclick.config.bundles import BundlesConfig
from counterclick.config.ranking import RankingConfig
from counterclick.config.rules import BundleRule, Rules, check_rules
from counterclick.config.settings import Config
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.shapes import from_objects

__all__ = [
    "AT",
    "BOOSTS",
    "NAME",
    "RULES",
    "SECTIONS",
    "VARIANT",
    "base_of",
    "changed",
    "read_change",
    "setting_of",
    "varied",
]

AT = "@"
"""Between a policy and the name under which an experiment lets it decide otherwise: ``bundles@fewer_items``."""
NAME = re.compile("[a-z][a-z0-9_]{0,39}")
"""How a proposal is named: a model's file and a cart's attribute hold it."""
VARIANT = re.compile(f"[a-z][a-z_]*{AT}{NAME.pattern}")
SECTIONS: dict[str, type[msgspec.Struct]] = {"bundles": BundlesConfig, "ranking": RankingConfig}
"""Section of ``shop.toml`` -> its settings; those by which policies learn and decide."""
RULES = "rules"
"""Of a change in ``rules.toml``: ``rules.least_stock``, or ``rules.NAME.offer`` of a rule."""
BOOSTS = "boosts"
"""Of a change in ``boosts.toml``: ``boosts.PRODUCT``."""
_TOP = ("least_stock", "never_together")


def base_of(variant: str) -> str:
    """Return the policy of a variant, whatever it sets otherwise."""
    return variant.partition(AT)[0]


def read_change(text: str) -> tuple[str, Any]:
    """Return the place of a change and its value, written as ``bundles.shrink=5``.

    Raises:
        ConfigError: it is not written so.

    >>> read_change('rules.tea.offer=["cup", "pot"]')
    ('rules.tea.offer', ['cup', 'pot'])
    """
    place, sign, value = text.rpartition("=") if text.count("=") == 1 else text.partition("=")
    try:
        if sign and place.count("."):
            return place.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the value of {text!r} is not TOML; write a text in quotes: {place.strip()}='always'.") from error
    raise ConfigError(f"{text!r} is no change; write its place and its value: bundles.shrink=5 or boosts.PRODUCT=1.2.")


def setting_of(config: Config, rules: Rules, place: str) -> Any:
    """Return what a setting is now; None where it is not there.

    Args:
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` and ``boosts.toml`` do.
        place: of the setting.

    Raises:
        ConfigError: there is no such place.
        UnknownNameError: there is no such setting, or rule.
    """
    section, _dot, key = place.partition(".")
    if section == BOOSTS:
        return rules.boosts.get(key, 1.0)
    if section == RULES:
        name, _dot, own = key.rpartition(".")
        if not name:
            _known("setting of rules.toml", key, _TOP)
            return _plain(getattr(rules, key))
        _known("setting of a rule", own, BundleRule.__struct_fields__)
        return _plain(getattr(rules.rules[_number(rules, name)], own))
    if section not in SECTIONS:
        raise ConfigError(
            f"there is nothing to be changed at {place!r}; a change is of {', '.join(f'{each}.KEY' for each in SECTIONS)}, "
            f"{RULES}.KEY, {RULES}.NAME.KEY or {BOOSTS}.PRODUCT."
        )
    _known(f"setting of [{section}]", key, SECTIONS[section].__struct_fields__)
    return _plain(getattr(getattr(config, section), key))


def changed(config: Config, rules: Rules, changes: Mapping[str, Any]) -> tuple[Config, Rules]:
    """Return what a shop would declare with some settings changed.

    Args:
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` and ``boosts.toml`` do.
        changes: place -> value.

    Raises:
        ConfigError: a place is none, or a value cannot be.
        UnknownNameError: there is no such setting, or rule.
    """
    for place, value in changes.items():
        setting_of(config, rules, place)
        section, _dot, key = place.partition(".")
        try:
            if section in SECTIONS:
                own = msgspec.to_builtins(getattr(config, section)) | {key: value}
                config = msgspec.structs.replace(config, **{section: from_objects(own, SECTIONS[section])})
            else:
                rules = from_objects(_of_rules(msgspec.to_builtins(rules), rules, section, key, value), Rules)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{place} cannot be {value!r}: {str(error).partition(' - at')[0]}.") from error
    check_rules(rules, "the changed rules")
    return config, rules


def varied(variant: str, config: Config, rules: Rules) -> tuple[str, Config, Rules]:
    """Return a variant's policy, and what a shop declares for it: as it is, or as an experiment's ``settings`` change it.

    Raises:
        ConfigError: what it changes cannot be.
        UnknownNameError: the same, of a name.
    """
    for experiment in config.experiments.values():
        if variant in experiment.settings:
            return base_of(variant), *changed(config, rules, experiment.settings[variant])
    return variant, config, rules


def _of_rules(plain: dict[str, Any], rules: Rules, section: str, key: str, value: Any) -> dict[str, Any]:
    if section == BOOSTS:
        from_objects(value, BOOST)
        return plain | {BOOSTS: plain[BOOSTS] | {key: value}}
    name, _dot, own = key.rpartition(".")
    if not name:
        return plain | {key: value}
    plain["rules"][_number(rules, name)][own] = value
    return plain


def _plain(value: Any) -> Any:
    """Return a value as TOML has it: lists, no tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _number(rules: Rules, name: str) -> int:
    names = [rules.named(number) for number in range(len(rules.rules))]
    _known("rule", name, names)
    return names.index(name)


def _known(what: str, name: str, known: tuple[str, ...] | list[str]) -> None:
    if name not in known:
        raise UnknownNameError(what, name, known)
