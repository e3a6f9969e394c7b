"""Fitting: what is due learns and is kept; what is too old, of another form, or damaged serves nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from builders import MONDAY, Event, exposure, facts, later, line, purchase, view
from counterclick.config import ModelsConfig, parse
from counterclick.config.meanings import meanings
from counterclick.config.models import MODEL_SOURCES
from counterclick.errors import ConfigError, EmptyStoreError, StoreError, UnknownNameError
from counterclick.facts.tables import OUTCOMES_FORM
from counterclick.shop import Shop, open_shop
from counterclick.shop import fitting as room
from counterclick.shop.fitting import due_at, named
from counterclick.shop.learning import Learning
from counterclick.shop.person import Person
from counterclick.store.models import MODELS, Models, NewManifest
from data_folder import ROOT
from left_over import left_of
from shell import Shell

TOML = """
[readiness]
bundle_products = 2
[bundles]
switch = "always"
[surfaces.cart]
[experiments.cart-test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.01, bundles = 0.99 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
LEARNING = ("bestsellers", "new_arrivals", "category_bestsellers", "bundles", "rules", "returns", "ranking", "replenish")


def sold() -> list[Event]:
    """Hats with scarves, and thirty other things alone."""
    both = [purchase(None, at=later(MONDAY, days=n), lines=[line("hat"), line("scarf")]) for n in range(6)]
    return [*both, *(purchase(None, at=later(MONDAY, days=n), lines=[line(f"p{n}", 5)]) for n in range(30))]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a shop with an arm of bundles."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    found = open_shop(tmp_path / "shop.toml")
    found.record(sold())
    return found


def models(shop: Shop) -> Models:
    return Models(shop.store.folder / MODELS)


def test_what_is_due_is_fitted_and_the_rest_stays(shop: Shop) -> None:
    """First everything; then nothing; then, since events have come, everything; then one by its name."""
    first = shop.fit()
    assert {each.model.name: (each.model.version, each.is_new) for each in first.fitted} == dict.fromkeys(
        LEARNING, (1, True)
    )
    assert not any(each.is_new for each in shop.fit().fitted)
    shop.record([purchase(None, at=later(MONDAY, days=40), lines=[line("hat"), line("tie")])])
    assert all(each.is_new for each in shop.fit().fitted)
    again = shop.fit(["bundles"], anyway=True).fitted
    assert [(each.model.name, each.model.version) for each in again] == [("bundles", 3)]
    bundles = next(each for each in first.fitted if each.model.name == "bundles").model
    assert bundles.first_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert bundles.last_at == datetime(2026, 2, 3, 10, tzinfo=UTC)
    assert bundles.metrics == {"orders": 36, "products": 32, "pairs": 2, "products_switched": 32}
    assert bundles.passed == ("2 products sold", "pairs of 5 orders or more")
    assert "36 orders" in str(first)


def test_other_settings_are_due(shop: Shop, tmp_path: Path) -> None:
    """A limit of [bundles] that changed: until it is fitted anew, the former model serves."""
    shop.fit()
    (tmp_path / "shop.toml").write_text(TOML.replace("[bundles]", "[bundles]\njoint = 6"), encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as other:
        assert other.decide("cart", "v1", cart=["hat"]).offers == ("scarf",)
        assert {each.model.name for each in other.fit().fitted if each.is_new} >= {"bundles"}


def test_another_process_serves_what_was_fitted(shop: Shop, tmp_path: Path) -> None:
    """The newest version, taken up when the next one asks; nothing is learnt for an answer."""
    shop.fit()
    with open_shop(tmp_path / "shop.toml") as other:
        before = other.decide("cart", "v1", cart=["hat"])
        shop.record([purchase(None, at=later(MONDAY, days=n), lines=[line("hat"), line("tie")]) for n in range(9)])
        assert other.decide("cart", "v2", cart=["hat"]).offers == before.offers == ("scarf",)
        shop.fit()
        assert other.decide("cart", "v3", cart=["hat"]).offers == ("tie", "scarf")


def test_a_first_decision_fits_what_it_needs(shop: Shop) -> None:
    """Where nobody has fitted anything, asking in Python or in a shell does; the model is kept for the next one."""
    assert shop.decide("cart", "v1", cart=["hat"]).offers == ("scarf",)
    assert {*models(shop).newest()} == {"bundles", "bestsellers"}


def aged(shop: Shop, **changes: object) -> None:
    """Write the model of bundles as if it had been written otherwise."""
    path = models(shop).folder / "bundles-000001.jsonl"
    first, _, body = path.read_bytes().partition(b"\n")
    path.unlink()
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(first) | changes) + b"\n" + body)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fitted_at": "2025-01-01T00:00:00Z"}, "days old, more than 30"),
        ({"form": 0}, "fitted before a change of what is recorded or learnt"),
        ({"tables": "another"}, "fitted before a change of what is recorded or learnt"),
        ({"checksum": "0"}, "is damaged"),
    ],
)
def test_what_may_not_serve_is_refused_and_bestsellers_serve(
    shop: Shop, shell: Shell, changes: dict[str, object], says: str
) -> None:
    """Too old, of another form, of another schema, damaged: with a word that says so, and what helps."""
    shop.fit()
    aged(shop, **changes)
    told = shop.decide("cart", "v1", cart=["hat"])
    assert told.policy == "bundles"
    assert len(told.offers) == 3
    assert says in told.because
    assert "`counterclick fit` fits it; instead: sold most" in told.because
    listed = shell("models", "--shop", str(shop.folder / "shop.toml"))
    assert "no: " in listed or says == "is damaged"
    shop.fit(anyway=says == "is damaged")
    assert shop.decide("cart", "v2", cart=["hat"]).offers == ("scarf",)


def test_a_model_that_grows_too_old_while_a_process_lives_serves_no_longer(shop: Shop) -> None:
    """It is asked anew by the clock, and not only when something is fitted."""
    shop.fit()
    now = [datetime.now(UTC)]
    learning = Learning(shop.store, shop.config, shop.folder, lambda: now[0])
    policy = learning.policy("bundles")
    assert learning.policy("bundles") is policy
    now[0] += timedelta(days=31)
    assert learning.is_due("bundles")
    assert learning.policy("bundles") is not policy


def test_rules_that_changed_hold_when_the_next_one_asks(shop: Shop) -> None:
    """Without a fit: what is out of stock is no longer offered; what is wrong there is told, and the former ones hold."""
    shop.fit()
    assert shop.decide("cart", "v1", cart=["hat"]).offers == ("scarf",)
    (shop.folder / "rules.toml").write_text("stock = { scarf = 0 }", encoding="utf-8")
    assert "scarf" not in shop.decide("cart", "v2", cart=["hat"]).offers
    (shop.folder / "rules.toml").write_text("stocks = { scarf = 0 }", encoding="utf-8")
    with pytest.raises(ConfigError, match="stock"):
        shop.decide("cart", "v3", cart=["hat"])
    assert "scarf" not in shop.decide("cart", "v3", cart=["hat"]).offers


def test_a_person_who_is_forgotten_is_forgotten_by_models_too(shop: Shop, tmp_path: Path) -> None:
    """A model that holds customers is erased whole, whatever the person is called in it; bundles hold none and stay."""
    shop.record(
        [view("visitor-anna-phone"), purchase("visitor-anna-phone", customer_id="customer-anna", lines=[line("hat")])]
    )
    shop.fit()
    said = next(each for each in models(shop).all() if each.name == "bundles")
    new = {name: getattr(said, name) for name in NewManifest.__struct_fields__} | {"name": "rates", "of_people": True}
    models(shop).write(NewManifest(**new), {"customers": {"customer-anna": 0.3}}, kept=3)
    assert left_of(tmp_path, "customer-anna") != []
    found = shop.rights.forget(Person(customers=("customer-anna",)))
    assert found.searched is not None
    assert found.searched.found == ()
    assert left_of(tmp_path, "customer-anna", "anna-phone") == []
    assert {*models(shop).newest()} == {*LEARNING} - {"returns"}
    assert shop.decide("cart", "v1", cart=["hat"]).offers == ("scarf",)


def test_what_was_learned_of_returns_is_forgotten_with_a_customer(shop: Shop, tmp_path: Path) -> None:
    """Its model holds customers, and is erased; what is fitted anew knows nothing of the one who is gone."""
    for who in ("customer-anna", "customer-ben"):
        shop.record([purchase(None, customer_id=who, lines=[line("hat")])])
    assert [each.model.of_people for each in shop.fit(["returns", "bundles"]).fitted] == [False, True]
    assert left_of(tmp_path, "customer-anna") != []
    found = shop.rights.forget(Person(customers=("customer-anna",)))
    assert found.searched is not None
    assert found.searched.found == ()
    assert {*models(shop).newest()} == {"bundles"}
    again = shop.fit(["returns"]).fitted[0]
    assert again.is_new
    knows = str(models(shop).read(again.model))
    assert ("customer-anna" in knows, "customer-ben" in knows) == (False, True)


def test_settings_of_returns_make_returns_due_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    """A threshold of [returns] that changed: bundles stay as they were fitted."""
    shop.fit()
    (tmp_path / "shop.toml").write_text(f"{TOML}[returns]\ndays = 365\n", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as other:
        assert [each.model.name for each in other.fit().fitted if each.is_new] == ["returns"]


def test_a_model_that_names_a_person_and_says_otherwise_is_found(shop: Shop) -> None:
    """The proof reads every model: the erasure is not complete until it is gone."""
    shop.record([purchase("visitor-anna-phone", customer_id="customer-anna", lines=[line("hat")])])
    shop.fit()
    said = next(each for each in models(shop).all() if each.name == "bundles")
    new = {name: getattr(said, name) for name in NewManifest.__struct_fields__}
    models(shop).write(NewManifest(**new), {"odd": ["customer-anna"]}, kept=1)
    with pytest.raises(StoreError, match="bundles-000002"):
        shop.rights.forget(Person(customers=("customer-anna",)))


def test_what_was_learnt_before_an_erasure_is_not_written_after_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is forgotten while a model is fitted: it is fitted anew, from what is left."""
    shop.record([purchase("visitor-anna-phone", customer_id="customer-anna", lines=[line("annas-own-thing", 90)])])
    made = room.trainings(shop.config, shop.rules)["bestsellers"]
    forgotten = []

    def meanwhile(outcomes: object, past: object) -> object:
        learnt = made.learn(outcomes, past)  # type: ignore[arg-type]
        if not forgotten:
            with open_shop(shop.folder / "shop.toml") as other:
                forgotten.append(other.rights.forget(Person(customers=("customer-anna",))))
        return learnt

    training = room.Training(made.form, made.settings, meanwhile)  # type: ignore[arg-type]
    monkeypatch.setattr(room, "trainings", lambda _config, _rules: {"bestsellers": training})
    found = shop.fit()
    assert forgotten
    assert found.fitted[0].model.version == 1
    assert "annas-own-thing" not in str(models(shop).read(found.fitted[0].model))


def test_only_arms_are_due_in_a_served_shop(make_shop: Callable[[str], Shop]) -> None:
    """Those of its experiments, and the static rule; an hour after they were fitted, or at once where one may not serve."""
    shop = make_shop(TOML)
    assert named(shop.config) == ("bestsellers", "bundles")
    assert named(parse("")) == ()
    now = datetime.now(UTC)
    assert due_at(shop.store, shop.config, now) == now
    shop.record(sold())
    shop.fit(named(shop.config))
    assert timedelta(minutes=59) < due_at(shop.store, shop.config, now) - now < timedelta(minutes=61)


def test_what_cannot_be_fitted(make_shop: Callable[[str], Shop], shell: Shell) -> None:
    """Nothing recorded; no such model: the commands say it."""
    shop = make_shop(TOML)
    with pytest.raises(EmptyStoreError):
        shop.fit()
    with pytest.raises(UnknownNameError, match="Did you mean 'bundles'"):
        shop.fit(["bundle"])
    assert "Not fitted yet: bestsellers" in shell("models", "--shop", str(shop.folder / "shop.toml"))
    shop.record(sold())
    told = shell.json("fit", "bundles", "--shop", str(shop.folder / "shop.toml"))
    assert told["fitted"][0]["model"]["metrics"]["pairs"] == 2
    assert shell.json("models", "--shop", str(shop.folder / "shop.toml"))["models"][0]["serves"]


def test_limits_are_settings_with_a_source() -> None:
    """Each has one, which the docs show; a limit that makes no sense is refused."""
    assert {*MODEL_SOURCES} == set(ModelsConfig.__struct_fields__)
    page = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
    for name, source in MODEL_SOURCES.items():
        assert f"| `{name}` | {getattr(ModelsConfig(), name)} | {meanings(ModelsConfig)[name]} | {source} |" in page
    for wrong in ("oldest_days = 0", "fit_hours = -1", "kept = 0", "age = 3"):
        with pytest.raises(ConfigError):
            parse(f"[models]\n{wrong}")


def test_columns_that_models_are_learnt_from_are_those_that_were() -> None:
    """Who changes a column of carts, orders or returns counts OUTCOMES_FORM up, and writes the new digest here."""
    outcomes = facts(*sold(), exposure("v1", "nothing")).outcomes()
    tables = ("orders", "order_lines", "returns", "line_returns", "carts", "cart_moves", "products")
    text = "\n".join(f"{name} {getattr(outcomes, name).schema()}" for name in tables)
    assert (OUTCOMES_FORM, hashlib.sha256(text.encode()).hexdigest()[:12]) == (3, "d550cc21cb98")
