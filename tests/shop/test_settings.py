"""Settings as they hold beside their file."""

from __future__ import annotations

from collections.abc import Callable

from counterclick.config import Config
from counterclick.config.explaining import settings_of
from counterclick.shop import Shop


def test_every_setting_has_its_meaning_and_says_whether_it_is_set(make_shop: Callable[[str], Shop]) -> None:
    """Of each section that is declared, once; none is without a meaning."""
    shop = make_shop('[shop]\ncurrency = "USD"\n[surfaces.cart]\nmonthly_cost = 5\n')
    found = shop.settings()
    by_name = {(each.section, each.name): each for each in found.settings}
    assert len(by_name) == len(found.settings)
    assert all(each.meaning for each in found.settings)
    currency, cost = by_name["[shop]", "currency"], by_name["[surfaces.cart]", "monthly_cost"]
    assert (currency.value, currency.default, currency.is_set) == ("USD", "EUR", True)
    assert (cost.value, cost.default, cost.is_set) == (5, None, True)
    assert not by_name["[shop]", "timezone"].is_set
    assert "is right, and holds" in found.says


def test_secrets_within_addresses_are_left_out(make_shop: Callable[[str], Shop]) -> None:
    """What stands before the host of a log's address."""
    shown = str(make_shop('[shop]\nrates = "https://me:secret@host/x.csv"\n').settings())
    assert "secret" not in shown
    assert "...@host" in shown


def test_a_config_of_its_own_is_all_by_default() -> None:
    """Nothing is set, and nothing is needed."""
    assert not any(each.is_set or each.is_required for each in settings_of(Config(), {}))
