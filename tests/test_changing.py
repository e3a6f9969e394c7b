"""Changed settings: what a change may be, variants that carry one, boosts, and one setting written into a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterclick.config import (
    Config,
    changed,
    load_rules,
    parse,
    parse_rules,
    read_change,
    setting_of,
    varied,
    with_setting,
)
from counterclick.errors import ConfigError, CounterclickError, UnknownNameError

RULES = parse_rules(
    '[[rules]]\nname = "tea"\nproducts = ["t"]\noffer = ["cup"]\n[[rules]]\nproducts = ["c"]\noffer = ["p"]\n'
)
TRIED = """
[experiments.a]
surface = "cart"
control = "bundles"
variants = {{ bundles = 0.5, "bundles@few" = 0.5 }}
settings = {settings}
starts_on = 2026-01-05
ends_on = 2026-02-01
"""
FILE = """# kept
[shop]
currency = "EUR"   # so are we paid

[bundles]  # learned
# shrink = 9
shrink = 2.0   # a "#" in "quotes"
switch = "always" # not 'backtest'
offers=3

[models]
kept = 3
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bundles.shrink=5", ("bundles.shrink", 5)),
        ("bundles.switch = 'always'", ("bundles.switch", "always")),
        ("boosts.shirt-1=1.5", ("boosts.shirt-1", 1.5)),
        ("boosts.a=b=2", None),
        ("rules.tea.offer=['a=b', 'c']", ("rules.tea.offer", ["a=b", "c"])),
        ("bundles.shrink", None),
        ("shrink=5", None),
        ("bundles.switch=always", None),
    ],
)
def test_a_change_is_a_place_and_a_value_of_toml(text: str, found: tuple[str, object] | None) -> None:
    """Whatever else is written is refused with what would be right."""
    if found is not None:
        assert read_change(text) == found
        return
    with pytest.raises(ConfigError, match=r"bundles\.shrink=5|write a text in quotes"):
        read_change(text)


def test_changes_change_what_they_name() -> None:
    """A section of shop.toml, a rule by its name or number, the top of rules.toml, a boost; all else stays."""
    changes = {
        "bundles.shrink": 5,
        "rules.tea.price_cap": 0.5,
        "rules.rule 2.offer": ["x"],
        "rules.least_stock": 3,
        "boosts.cup.blue": 2,
    }
    config, rules = changed(Config(), RULES, changes)
    assert (config.bundles.shrink, config.bundles.joint, Config().bundles.shrink) == (5.0, 5, 2.0)
    assert [(rule.offer, rule.price_cap) for rule in rules.rules] == [(("cup",), 0.5), (("x",), None)]
    assert (rules.least_stock, rules.boosts) == (3, {"cup.blue": 2.0})
    assert {place: setting_of(config, rules, place) for place in changes} == changes
    assert changed(Config(), RULES, {}) == (Config(), RULES)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("shop.currency", "USD", "nothing to be changed at 'shop.currency'"),
        ("bundles.shrnk", 5, "did you mean 'shrink'"),
        ("bundles.shrink", -1, "bundles.shrink cannot be -1"),
        ("bundles.switch", "never", "cannot be 'never'"),
        ("rules.coffee.offer", ["x"], "no rule is named 'coffee'"),
        ("rules.tea.price", 1, "setting of a rule"),
        ("rules.stock", {}, "setting of rules.toml"),
        ("rules.tea.offer", ["t"], "in the cart already"),
        ("boosts.cup", -1, "boosts.cup cannot be -1"),
    ],
)
def test_changes_that_cannot_be_are_refused(place: str, value: object, says: str) -> None:
    """With what is wrong."""
    with pytest.raises((ConfigError, UnknownNameError), match="(?i)" + says):
        changed(Config(), RULES, {place: value})


def test_a_variant_carries_its_settings() -> None:
    """The policy decides by them in that arm, and by the shop's own in all others."""
    config = parse(
        TRIED.format(settings='{ "bundles@few" = { "bundles.basket_items" = 20, "boosts.cup" = 2 } }'), "shop.toml"
    )
    base, own, rules = varied("bundles@few", config, RULES)
    assert (base, own.bundles.basket_items, rules.boosts) == ("bundles", 20, {"cup": 2.0})
    assert varied("bundles", config, RULES) == ("bundles", config, RULES)


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ('{ "bundles@other" = { "bundles.shrink" = 3 } }', "settings of 'bundles@other'"),
        ('{ bundles = { "bundles.shrink" = 3 } }', "settings of 'bundles'"),
        ('{ "bundles@few" = {} }', "change something"),
        ('{ "bundles@few" = { "bundles.shrnk" = 3 } }', "did you mean 'shrink'"),
        ('{ "bundles@few" = { "bundles.shrink" = "x" } }', "bundles.shrink cannot be 'x'"),
    ],
)
def test_variants_that_change_what_cannot_be_are_refused(settings_: str, says: str) -> None:
    """When the file is read."""
    with pytest.raises(ConfigError, match="(?i)" + says):
        parse(TRIED.format(settings=settings_), "shop.toml")


def test_two_experiments_mean_the_same_by_one_name() -> None:
    """A variant has one setting, whoever tries it."""
    one, other = ('{ "bundles@few" = { "bundles.shrink" = %d } }' % number for number in (3, 4))  # noqa: UP031 - braces
    text = TRIED.format(settings=one) + TRIED.format(settings=other).replace("experiments.a", "experiments.b")
    with pytest.raises(ConfigError, match="other settings for 'bundles@few'"):
        parse(text, "shop.toml")


def test_boosts_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    """Beside the rules, with what they were made from; in the rules' own file they are refused."""
    rules = tmp_path / "rules.toml"
    (tmp_path / "boosts.toml").write_text('tuned_on = "click_rate"\n[boosts]\n"cup.blue" = 1.5\n', encoding="utf-8")
    found = load_rules(rules)
    assert (found.boosts, found.boosts_tuned_on, found.rules) == ({"cup.blue": 1.5}, "click_rate", ())
    rules.write_text("least_stock = 2\n", encoding="utf-8")
    assert (load_rules(rules).least_stock, load_rules(rules).boosts) == (2, {"cup.blue": 1.5})
    rules.write_text("[boosts]\ncup = 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="file of their own"):
        load_rules(rules)
    (tmp_path / "boosts.toml").write_text("[boosts]\ncup = -2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="a number from 0 to 1000"):
        load_rules(rules)


def test_one_value_changes_and_nothing_else_of_the_file() -> None:
    """Comments, spaces and order stay; a commented-out setting is none."""
    found = with_setting(FILE, "bundles", "shrink", 5.0)
    assert found == FILE.replace("\nshrink = 2.0 ", "\nshrink = 5.0 ")
    assert with_setting(FILE, "bundles", "switch", "backtest") == FILE.replace('"always" #', '"backtest" #')
    assert with_setting(FILE, "bundles", "offers", 4) == FILE.replace("offers=3", "offers=4")


def test_a_new_setting_stands_under_its_heading() -> None:
    """Below it where it is there, at the end of the file with a new one otherwise; also where lines end as on Windows."""
    assert with_setting(FILE, "bundles", "joint", 7).replace("joint = 7\n", "") == FILE
    assert with_setting("", "boosts", "cup.blue", 1.5) == '[boosts]\n"cup.blue" = 1.5\n'
    assert with_setting(FILE, "boosts", "cup", 1.5) == f"{FILE}\n[boosts]\ncup = 1.5\n"
    assert with_setting("[a]\r\nx = 1\r\n", "a", "y", 2) == "[a]\r\ny = 2\r\nx = 1\r\n"
    assert with_setting("x = 1\n[a]\n", "", "x", 2) == "x = 2\n[a]\n"


def test_a_rule_is_found_by_its_name() -> None:
    """Of several, the one that is meant."""
    text = '[[rules]]\nname = "a"\noffer = ["x"]\n\n[[rules]]\nname = "b"\noffer = ["x"]  # best\n'
    assert with_setting(text, "rules", "offer", ["y"], rule="b") == text.replace('["x"]  #', '["y"]  #')
    with pytest.raises(ConfigError, match="cannot be changed alone"):
        with_setting(text, "rules", "offer", ["y"], rule="c")


@pytest.mark.parametrize(
    "text",
    ["bundles = { shrink = 2 }\n", "[bundles]\nshrink = [\n  2,\n]\n", "bundles.shrink = 2\n", "[ bundles ]\nshrink = 2\n"],
)
def test_what_cannot_be_changed_alone_is_left(text: str) -> None:
    """With the line that would be right."""
    with pytest.raises(ConfigError, match="write shrink = 5 yourself"):
        with_setting(text, "bundles", "shrink", 5)


@given(
    key=st.text(min_size=1, max_size=8),
    value=st.one_of(st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=8), st.lists(st.text(max_size=4))),
)
@settings(max_examples=60, deadline=None)
def test_any_key_and_value_read_back(key: str, value: object) -> None:
    """What is written is what is read, whatever it is called; or it is refused."""
    try:
        found = with_setting(FILE, "bundles", key, value)
    except CounterclickError:
        return
    assert tomllib.loads(found)["bundles"][key] == value
    assert tomllib.loads(found)["shop"] == {"currency": "EUR"}
