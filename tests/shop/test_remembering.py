"""One decision id has one answer, whichever process is asked again, and whatever was fitted since."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import line, purchase
from counterclick.errors import ConflictError
from counterclick.shop import Shop, open_shop
from counterclick.shop.person import Person
from left_over import left_of
from shell import Shell

TOML = """
[surfaces.cart]
[experiments.cart-test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.01, bestsellers = 0.99 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that has sold hats, and then more scarves than hats."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    found = open_shop(tmp_path / "shop.toml")
    found.record([purchase("b", lines=[line("hat", 3)])])
    found.fit()
    return found


def more_scarves(shop: Shop) -> None:
    shop.record([purchase("c", lines=[line("scarf", 9)])])
    shop.fit()


def test_an_answer_outlives_its_process_and_its_model(shop: Shop, tmp_path: Path, shell: Shell) -> None:
    """Asked again under its id, in this process, another one or a shell, it is the same; under a new id it is news."""
    first = shop.decide("cart", "v1", cart=["sock"], decision_id="d1")
    assert first.offers == ("hat",)
    more_scarves(shop)
    assert shop.decide("cart", "v1", cart=["sock"], decision_id="d1") == first
    n_decisions = shop.reading.one("SELECT count(*) FROM events WHERE kind = 'decision'")
    shop.close()
    with open_shop(tmp_path / "shop.toml") as other:
        assert other.decide("cart", "v1", cart=["sock"], decision_id="d1") == first
        assert other.decide("cart", "v1", cart=["sock"], decision_id="d2").offers == ("scarf", "hat")
        assert other.reading.one("SELECT count(*) FROM events WHERE kind = 'decision'") == n_decisions + 1
    words = (
        "decide",
        "cart",
        "--visitor",
        "v1",
        "--cart",
        "sock",
        "--decision-id",
        "d1",
        "--shop",
        str(tmp_path / "shop.toml"),
    )
    assert shell.json(*words)["offers"] == ["hat"]


@pytest.mark.parametrize("changed", [{"cart": ["hat"]}, {"most": 1}, {"customer": "c1"}, {"payment": "invoice"}])
def test_another_question_under_an_id_is_refused(shop: Shop, changed: dict[str, object]) -> None:
    """Whatever of it is another one; and the first answer still holds."""
    first = shop.decide("cart", "v1", cart=["sock"], decision_id="d1")
    with pytest.raises(ConflictError, match="give each its own"):
        shop.decide("cart", "v1", **{"cart": ["sock"], "decision_id": "d1", **changed})  # type: ignore[arg-type]
    with pytest.raises(ConflictError, match="give each its own"):
        shop.decide("cart", "v2", cart=["sock"], decision_id="d1")
    assert shop.decide("cart", "v1", cart=["sock"], decision_id="d1") == first


def test_nothing_that_names_a_person_is_written_down(shop: Shop, tmp_path: Path) -> None:
    """An id with an address in it is decided anew; without an id nothing is kept at all."""
    shop.decide("cart", "v1", cart=["sock"])
    assert not (tmp_path / ".counterclick" / "answered.sqlite").exists()
    shop.decide("cart", "anna@example.org", cart=["sock"], decision_id="anna@example.org-1")
    first = shop.decide("cart", "v1", cart=["sock"], decision_id="anna@example.org-2", customer="anna@example.org")
    assert first.offers == ("hat",)
    more_scarves(shop)
    again = shop.decide("cart", "v1", decision_id="anna@example.org-2", cart=["sock"], customer="anna@example.org")
    assert again.offers == ("scarf", "hat")
    shop.close()
    assert left_of(tmp_path, "anna@example.org") == []


def test_answers_are_erased_with_anybody(shop: Shop) -> None:
    """What was said of a forgotten person's cart is not said again."""
    shop.decide("cart", "visitor-anna-phone", cart=["sock"], decision_id="d1")
    shop.rights.forget(Person(visitors=("visitor-anna-phone",)))
    assert shop.store.answered.find("d1") is None
