"""The settings of a shop: each with value, meaning and whether it is set; never a secret."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from counterclick.config import Config, RetentionConfig, declared, parse
from counterclick.config.meanings import meanings
from counterclick.shop import open_shop
from counterclick.shop.listing import Settings, settings_of

TOML = """
[shop]
currency = "EUR"
timezone = "Europe/Berlin"
log = "s3://someone:very-secret@bucket/log?token=very-secret"
rates = "rates.csv"
[surfaces.cart]
monthly_cost = 0
[surfaces.chat]
celebrates = "net_revenue_per_visitor"
measured_on = "conversations"
tuned_on = "conversations"
[experiments.test]
surface = "home"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
changes = [{ changes_on = 2026-01-12, variants = { nothing = 0.2, bestsellers = 0.8 } }]
[shopify]
secret_env = "shpss_0123456789abcdef"
[loop]
"""


def listed(toml: str = TOML, environment: dict[str, str] | None = None, folder: Path = Path("/nowhere")) -> Settings:
    return settings_of(parse(toml), tomllib.loads(toml), folder, environment or {})


def test_what_is_set_and_what_is_a_default() -> None:
    """A currency that is written is set, though it is the default; the returns window is not written."""
    found = listed()
    shown = {key: found.setting("[shop]", key) for key in ("currency", "timezone", "returns_window")}
    assert [(each.value, each.is_set) for each in shown.values()] == [("EUR", True), ("Europe/Berlin", True), ("30d", False)]
    assert shown["timezone"].default == "UTC"
    assert shown["returns_window"].says == "after which an order's returns have matured."
    assert found.setting("[experiments.test]", "starts_on").value == "2026-01-05"
    assert found.setting("[experiments.test.changes.1]", "changes_on").is_set
    assert found.setting("[kill]", "no_lift_days").value == 90
    assert found.setting("[surfaces.cart]", "monthly_cost").is_set
    assert "[holdout]" in found.undeclared
    assert "[tables.NAME]" in found.undeclared


def test_no_secret_is_shown() -> None:
    """Neither a password in an address nor a secret that stands where a variable should be named; the advice says so."""
    found = listed()
    written = str(found) + msgspec.json.encode([each.value for each in found.settings]).decode()
    assert "very-secret" not in written
    assert "shpss" not in written
    assert found.setting("[shop]", "log").value == "s3://(hidden)@bucket/log"
    assert (
        "never is the secret itself"
        in {(each.section, each.key): each.says for each in found.advice}["[shopify]", "secret_env"]
    )
    told = listed(environment={"LOOP_WEBHOOK_SECRET": "very-secret"})
    assert "very-secret" not in str(told)
    assert "[loop]" not in {each.section for each in told.advice}


def test_what_is_missing_is_said_with_what_would_be_right(tmp_path: Path) -> None:
    """Costs, metrics to be aligned, the surface of an experiment, a file of rates, a variable of the environment."""
    advice = {(each.section, each.key): each.says for each in listed().advice}
    assert "such as 299" in advice["[surfaces.chat]", "monthly_cost"]
    assert ("[surfaces.cart]", "monthly_cost") not in advice
    assert ("[surfaces.cart]", "celebrates, measured_on, tuned_on") in advice
    assert "experiment 'test'" in advice["[surfaces.home]", "monthly_cost"]
    assert "day, from, to, rate" in advice["[shop]", "rates"]
    assert "LOOP_WEBHOOK_SECRET is not set" in advice["[loop]", "secret_env"]
    (tmp_path / "rates.csv").write_text("day,from,to,rate\n", encoding="utf-8")
    assert ("[shop]", "rates") not in {(each.section, each.key) for each in listed(folder=tmp_path).advice}


def structs(kind: Any) -> list[type]:
    """Return every section that a configuration may have."""
    inspected = msgspec.inspect.type_info(kind) if isinstance(kind, type) else kind
    if isinstance(inspected, msgspec.inspect.StructType):
        return [inspected.cls, *(part for field in inspected.fields for part in structs(field.type))]
    inner = [getattr(inspected, name, None) for name in ("value_type", "item_type")]
    every = [each for each in (*inner, *getattr(inspected, "types", ())) if each is not None]
    return [part for each in every for part in structs(each)]


@pytest.mark.parametrize("section", [each for each in structs(Config) if each not in (Config, RetentionConfig)])
def test_every_setting_has_a_meaning(section: type) -> None:
    """The docstring of each section says what each of its settings is: one place for the page and for the verb."""
    assert set(meanings(section)) >= {field.name for field in msgspec.structs.fields(section)}


def test_days_of_retention_have_the_meaning_of_their_section() -> None:
    """All of its settings are kinds of events: what they mean stands once, over them."""
    assert listed().setting("[retention]", "select_item").says.startswith("kind of event -> days that it is kept")


def test_a_shop_that_is_opened_knows_what_its_file_says(tmp_path: Path) -> None:
    """The verb reads the file; a shop without one takes what differs from its default as set."""
    (tmp_path / "shop.toml").write_text('[shop]\ncurrency = "EUR"\n', encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        assert shop.settings().setting("[shop]", "currency").is_set
        assert not shop.settings().setting("[shop]", "timezone").is_set
    assert declared(tmp_path / "shop.toml") == {"shop": {"currency": "EUR"}}
    without = settings_of(parse('[shop]\ntimezone = "Europe/Berlin"'), None, tmp_path)
    assert without.setting("[shop]", "timezone").is_set
    assert not without.setting("[shop]", "currency").is_set


def test_the_file_is_compared_with_what_holds(tmp_path: Path) -> None:
    """It is right; then it says something else; then it cannot be read; each is told, and what held holds."""
    file = tmp_path / "shop.toml"
    file.write_text('[shop]\ncurrency = "EUR"\n', encoding="utf-8")
    with open_shop(file) as shop:
        assert shop.settings().says == "shop.toml is right, and holds."
        file.write_text('[shop]\ncurrency = "USD"\n', encoding="utf-8")
        assert shop.settings().is_changed
        assert "when serve is started anew" in shop.settings().says
        file.write_text('[shop]\ncurency = "USD"\n', encoding="utf-8")
        assert "currency" in shop.settings().wrong
        assert shop.settings().setting("[shop]", "currency").value == "EUR"
