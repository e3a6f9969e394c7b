"""The password, sessions and links as their file keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from counterclick.errors import ConfigError, UnknownNameError
from counterclick.shop import Shop, access

PASSWORD = "correct horse battery"  # noqa: S105 - of shops that live as long as a test


def test_a_password_needs_twelve_characters(shop: Shop) -> None:
    """Shorter and endless ones are refused with their length; none is set then."""
    for wrong, says in (("eleven char", "has 11"), ("x" * 1_001, "has 1,001")):
        with pytest.raises(ConfigError, match=says):
            shop.access.set_password(wrong)
    assert not shop.access.has_password
    assert shop.access.sign_in("") is None


def test_whoever_signs_in_is_known_until_the_session_ends(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fourteen days; another process knows it as well."""
    shop.access.set_password(PASSWORD)
    assert shop.access.sign_in("wrong") is None
    found = shop.access.sign_in(PASSWORD)
    assert found is not None
    assert shop.access.is_signed_in(found[0])
    assert not shop.access.is_signed_in(None)
    assert not shop.access.is_signed_in("x")
    later = datetime.now(UTC) + timedelta(days=14, seconds=5)
    monkeypatch.setattr(access, "_now", lambda: later)
    assert not shop.access.is_signed_in(found[0])


def test_a_new_password_ends_sessions_and_keeps_links(shop: Shop) -> None:
    """The old password is of no use either."""
    shop.access.set_password(PASSWORD)
    found = shop.access.sign_in(PASSWORD)
    made, secret = shop.access.share("/drift", 7)
    shop.access.set_password("another horse battery")
    assert found is not None
    assert not shop.access.is_signed_in(found[0])
    assert shop.access.sign_in(PASSWORD) is None
    assert shop.access.shared(secret) == made


def test_a_form_belongs_to_whoever_it_was_given_to(shop: Shop) -> None:
    """Its token is of no use to another."""
    token = shop.access.form_token("a")
    assert shop.access.is_form_of("a", token)
    assert not shop.access.is_form_of("b", token)
    assert not shop.access.is_form_of("a", "é")


def test_a_link_ends(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its days are over, or when it is withdrawn; a link that is none is an error."""
    made, secret = shop.access.share("/drift", 1)
    _, other = shop.access.share("/data", 2)
    assert "/drift" in str(shop.access.shares())
    shop.access.withdraw(made.share_id)
    assert shop.access.shared(secret) is None
    with pytest.raises(UnknownNameError, match="no link is named"):
        shop.access.withdraw(made.share_id)
    assert shop.access.shared(other) is not None
    later = datetime.now(UTC) + timedelta(days=3)
    monkeypatch.setattr(access, "_now", lambda: later)
    assert shop.access.shared(other) is None
    assert "There is none" in str(shop.access.shares())


def test_links_have_limits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of days, of their address's length, of their number."""
    for address, days, says in (("/x", 0, "1 to 365 days"), ("/x", 366, "1 to 365 days"), ("/" + "x" * 2_000, 1, "2,000")):
        with pytest.raises(ConfigError, match=says):
            shop.access.share(address, days)
    monkeypatch.setattr(access, "_MOST_SHARES", 1)
    shop.access.share("/x", 1)
    with pytest.raises(ConfigError, match="withdraw some"):
        shop.access.share("/x", 1)
