"""``rules.toml``: what a merchandiser wants to be offered with what, read once and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from counterclick.config.boosts import BOOST, boosts_beside, load_boosts
from counterclick.errors import ConfigError, did_you_mean
from counterclick.shapes import from_objects

__all__ = ["BundleRule", "Rules", "check_rules", "load_rules", "parse_rules"]

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Units = Annotated[int, Meta(ge=0, le=10**9)]


class BundleRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[rules]]``: what is offered when something is in the cart.

    Attributes:
        offer: products, in the order in which they are offered.
        products: it applies when one of these is in the cart.
        categories: or a product of one of these categories.
        attributes: or a product that one of these ``[attributes]`` lists, or of which the catalogue says so: ``color=red``.
        name: how the reason calls it; its number unless given.
        price_cap: an offer costs at most this share of the cart's products; an offer whose price is not known is left out.
        least_margin: share of its price that an offer must leave; one whose cost is not known is left out.
    """

    offer: Annotated[tuple[Id, ...], Meta(min_length=1)]
    products: tuple[Id, ...] = ()
    categories: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    name: str | None = None
    price_cap: Annotated[float, Meta(gt=0, le=1_000)] | None = None
    least_margin: Annotated[float, Meta(ge=0, lt=1)] | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``rules.toml``.

    Attributes:
        rules: the first that applies and has something left to offer decides; those after it fill up what is wanted.
        attributes: name -> products that have it, such as ``gift = ["mug", "card"]``.
        stock: product -> units that are there; what is not listed has the stock of the catalogue, and is there without one.
        least_stock: units below which a product is not offered.
        never_together: products of which no two are offered with, or beside, each other: such as pairs that come back.
        tuned_on: the metric that they were made from, where another tool made them.
        boosts: product -> what its score is multiplied with, as ``boosts.toml`` beside them says.
        boosts_tuned_on: the metric that these were made from.
    """

    rules: tuple[BundleRule, ...] = ()
    attributes: dict[str, tuple[Id, ...]] = {}
    stock: dict[Id, Units] = {}
    least_stock: Annotated[int, Meta(ge=1, le=10**9)] = 1
    never_together: tuple[tuple[Id, ...], ...] = ()
    tuned_on: str | None = None
    boosts: dict[Id, BOOST] = {}
    boosts_tuned_on: str | None = None

    def named(self, number: int) -> str:
        """Return what a rule is called: its name, else its number from 1."""
        return self.rules[number].name or f"rule {number + 1}"


def load_rules(path: Path) -> Rules:
    """Read ``rules.toml``, and ``boosts.toml`` beside it; a shop without the files has no rules.

    Raises:
        ConfigError: it cannot be read, is not TOML, or says something that cannot be.
    """
    found = load_boosts(boosts_beside(path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Rules(boosts=found.boosts, boosts_tuned_on=found.tuned_on)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error
    return msgspec.structs.replace(parse_rules(text, str(path)), boosts=found.boosts, boosts_tuned_on=found.tuned_on)


def parse_rules(text: str, name: str = "rules.toml") -> Rules:
    r"""Return the rules that a TOML text declares.

    Raises:
        ConfigError: it is not TOML, or says something that cannot be.

    >>> parse_rules('[[rules]]\nproducts = ["tea"]\noffer = ["cup", "pot"]').rules[0].offer
    ('cup', 'pot')
    """
    try:
        rules = from_objects(tomllib.loads(text), Rules)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explained(str(error))}") from error
    if rules.boosts or rules.boosts_tuned_on:
        raise ConfigError(f"{name}: boosts stand in a file of their own, boosts.toml beside it, under [boosts].")
    check_rules(rules, name)
    return rules


def _explained(message: str) -> str:
    """Return what is wrong, with the number of the rule as people count, and the settings there are."""
    says, _, place = message.partition(" - at `$")
    kind = BundleRule if place.startswith(".rules[") else Rules
    if "unknown field" in says:
        wrong = says.split("`")[1]
        known = kind.__struct_fields__
        return f"there is no setting {wrong!r} here. {did_you_mean(wrong, known)}It may have: {', '.join(known)}."
    at = f" at {place.strip('`.')}" if place else ""
    return f"{says}{at}; see docs/bundles.md for how it is written."


def check_rules(rules: Rules, name: str) -> None:
    """Refuse rules that cannot be.

    Args:
        rules: all of them.
        name: where they stand, for messages.

    Raises:
        ConfigError: one never applies, offers what it cannot, or stands there twice.
    """
    seen: dict[str, str] = {}
    for number, rule in enumerate(rules.rules):
        where = f"{name}: {rules.named(number)!r}"
        if seen.setdefault(rules.named(number), where) is not where:
            raise ConfigError(f"{where} is there twice; give each rule a name of its own.")
        if not (rule.products or rule.categories or rule.attributes):
            raise ConfigError(f"{where} never applies; say when, by products, categories or attributes.")
        _check_attributes(rules, rule, where)
        twice = sorted({product for product in rule.offer if rule.offer.count(product) > 1})
        if twice:
            raise ConfigError(f"{where} offers {', '.join(map(repr, twice))} twice; name each product once.")
        _check_possible(rules, rule, where)
    for attribute in rules.attributes:
        if "=" in attribute:
            raise ConfigError(f"{name}: [attributes] has {attribute!r}; a set's name has no =, which the catalogue's have.")
    for apart in rules.never_together:
        if len(set(apart)) < 2:  # noqa: PLR2004 - a pair
            raise ConfigError(f"{name}: never_together has {list(apart)}; name two different products or more.")


def _check_attributes(rules: Rules, rule: BundleRule, where: str) -> None:
    """Refuse a set that is not listed, and an attribute of the catalogue without a name or a value."""
    for attribute in rule.attributes:
        name, sign, value = attribute.partition("=")
        if attribute not in rules.attributes and not (sign and name.strip() and value.strip()):
            raise ConfigError(
                f"{where} names the attribute {attribute!r}. {did_you_mean(attribute, rules.attributes)}List its "
                f'products under [attributes], {attribute} = ["PRODUCT"], or name one of the catalogue: "color=red".'
            )


def _check_possible(rules: Rules, rule: BundleRule, where: str) -> None:
    """Refuse an offer that its own rule can never make."""
    if rule.categories or rule.attributes or not rule.products:
        return
    for product in rule.offer:
        if set(rule.products) == {product}:
            raise ConfigError(f"{where} offers {product!r} when it is in the cart already; name another product.")
        if all(any(product in apart and own in apart for apart in rules.never_together) for own in rule.products):
            raise ConfigError(
                f"{where} offers {product!r}, which never_together keeps from {', '.join(map(repr, rule.products))}; take "
                "one of the two out."
            )
