"""``shop.toml``: what it may say, and what is answered to anything else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from counterclick.config import Config, duration, load, parse
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.shop import open_shop

EXPERIMENT = """
[experiments.cart-bundles]
surface = "cart"
control = "bestsellers"
variants = { nothing = 0.2, bestsellers = 0.4, bundles = 0.4 }
starts_on = 2026-03-02
ends_on = 2026-04-27
guardrails = { margin_per_visitor = 0.03 }
"""


def changed(old: str, new: str) -> str:
    assert old in EXPERIMENT
    return EXPERIMENT.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30m", timedelta(minutes=30)), ("24h", timedelta(days=1)), ("7d", timedelta(days=7)), (" 2 w ", timedelta(14))],
)
def test_durations(text: str, expected: timedelta) -> None:
    """A number and a unit."""
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5h", "7 days", "1y", "99999999999999w", "4000d", "٣d"])
def test_what_is_no_duration(text: str) -> None:
    """The message shows how one is written."""
    with pytest.raises(ConfigError, match="write a number and m, h, d or w"):
        duration(text)


def test_an_empty_file_is_a_shop() -> None:
    """Everything has a default."""
    assert parse("") == Config()
    assert (parse("").shop.currency, parse("").attribution.window) == ("EUR", "24h")


def test_a_declared_experiment() -> None:
    """Read as it stands; the feature is the variant that is neither control nor nothing."""
    found = parse(EXPERIMENT).experiment("cart-bundles")
    assert (found.control, found.feature, found.starts_on) == ("bestsellers", "bundles", date(2026, 3, 2))
    assert list(found.variants) == ["nothing", "bestsellers", "bundles"]
    named = parse(changed('surface = "cart"', 'surface = "cart"\ntreatment = "nothing"'))
    assert named.experiment("cart-bundles").feature == "nothing"


def test_an_unknown_experiment_is_answered_with_the_nearest() -> None:
    """And with the names there are."""
    with pytest.raises(UnknownNameError, match="Did you mean 'cart-bundles'"):
        parse(EXPERIMENT).experiment("cart-bundle")
    with pytest.raises(UnknownNameError, match=r"Declare it as \[experiments.NAME\]"):
        parse("").experiment("chat")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[shop]\ncurency = 'EUR'", r"no setting 'curency' in \[shop\]. Did you mean 'currency'"),
        ("[attribution]\nwindows = '1d'", r"in \[attribution\]. Did you mean 'window'"),
        ("[surface.cart]\n", "Did you mean 'surfaces'"),
        (
            "[surfaces.cart]\ncost = 3",
            r"no setting 'cost' in \[surfaces.NAME\].*It may have: celebrates, measured_on, tuned_on",
        ),
        (EXPERIMENT + "variant = 3", "Did you mean 'variants'"),
        (
            EXPERIMENT + "[[experiments.cart-bundles.changes]]\nchange_on = 2026-03-09",
            r"in \[experiments.NAME.changes\]. Did you mean 'changes_on'\? It may have: changes_on, variants\.",
        ),
        ("[holdout]\nshares = 0.1", r"in \[holdout\]. Did you mean 'share'"),
        ("[tables.x]\nfile = 'a.csv'\nevents = []\nskips = []", "Did you mean 'skip'"),
        (
            "[tables.x]\nfile = 'a.csv'\n[[tables.x.events]]\nkind = 'purchase'\nfields = {}\ngroup = []",
            "Did you mean 'group_by'",
        ),
        (
            "[tables.x]\nfile = 'a.csv'\nevents = []\n[[tables.x.skip]]\nname = 'fees'\nwhere = 'true'",
            "It may have: named, where",
        ),
    ],
)
def test_unknown_settings_are_answered_with_the_nearest(text: str, says: str) -> None:
    """A slip of the pen is never passed over in silence."""
    with pytest.raises(ConfigError, match=says):
        parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[shop", "is not valid TOML"),
        ("[shop]\ncurrency = 3", "Expected `str`"),
        ("[shop]\ncurrency = 'euro'", "no ISO 4217 code"),
        ("[shop]\ntimezone = 'Berlin'", "write an IANA name"),
        ("[shop]\ntimezone = 'Europe'", "write an IANA name"),
        ("[shop]\ntimezone = ''", "write an IANA name"),
        ("[shop]\ntimezone = '../etc'", "write an IANA name"),
        ("[shop]\nreturns_window = 'month'", "returns_window: 'month' is not a duration"),
        ("[shop]\nallowance = '2'", "allowance: '2' is not a duration"),
        ("[attribution]\nwindow = '1x'", r"window of \[attribution\]: '1x' is not a duration"),
        (
            "[attribution]\nrule = 'first_tuch'",
            r"rule cannot be 'first_tuch' in \[attribution\]. Did you mean 'first_touch'\? "
            r"It may be: first_touch, last_touch\.",
        ),
        (
            '[attribution]\nrule = "it\'s - at `$.shop`\\n"',
            r"rule cannot be .*It may be: first_touch, last_touch\.",
        ),
        (
            EXPERIMENT + "looks = 'dayly'",
            r"looks cannot be 'dayly' in \[experiments.NAME\]. It may be: anytime, end, weekly\.",
        ),
        (EXPERIMENT + "assignment = ''", r"in \[experiments.NAME\]. It may be: bernoulli, fixed\."),
        (
            "[holdout]\nshare = 0.1\nstarts_on = 2026-03-02\nends_on = 2026-04-27\nlooks = 'week'",
            r"looks cannot be 'week' in \[holdout\]. Did you mean 'weekly'\? It may be: anytime, end, weekly\.",
        ),
        (EXPERIMENT + "traffic = [0.1, 'x']", "Expected `float`, got `str`"),
        ("[shop]\nmargin_rate = 0.0", "margin_rate must be a fraction"),
        ("[shop]\nmargin_rate = 40", "margin_rate must be a fraction"),
        ("[shop]\nmargin_rate = nan", "margin_rate must be a fraction"),
        ("[surfaces.cart]\nmonthly_cost = -1", "monthly_cost of surface 'cart' must be a number, not negative"),
        ("[surfaces.cart]\nmonthly_cost = nan", "monthly_cost of surface 'cart' must be a number"),
        ("[surfaces.cart]\nmonthly_cost = inf", "monthly_cost of surface 'cart' must be a number"),
        (changed("nothing = 0.2, bestsellers = 0.4, bundles = 0.4", "bestsellers = 1.0"), "two variants or more"),
        (changed('control = "bestsellers"', 'control = "static"'), "control 'static' is none of its variants"),
        (changed('surface = "cart"', 'surface = "cart"\ntreatment = "bundle"'), "feature 'bundle' is none of its variants"),
        (changed('surface = "cart"', 'surface = "cart"\ntreatment = "bestsellers"'), "are the same variant"),
        (changed("nothing = 0.2", "nothing = 0.0"), "every share must be above 0"),
        (changed("nothing = 0.2", "nothing = nan"), "every share must be above 0"),
        (changed("nothing = 0.2", "nothing = 0.3"), "add up to 1.1; they must add up to 1"),
        (
            changed("nothing = 0.2, bestsellers = 0.4", "nothing = 0.20001, bestsellers = 0.39999"),
            "no multiple of 1/10000; write 0.3333 for a third",
        ),
        (changed("ends_on = 2026-04-27", "ends_on = 2026-03-01"), "before it starts"),
        (changed("margin_per_visitor = 0.03", "margin_per_visitor = 3"), "must be a fraction between 0 and 1"),
        (changed("ends_on = 2026-04-27", "ends_on = 2026-04-27\nwindow = 'week'"), "'cart-bundles': window: 'week'"),
    ],
)
def test_what_cannot_be_is_refused(text: str, says: str) -> None:
    """Each refusal names the file, what is wrong and what would be right."""
    with pytest.raises(ConfigError, match=says) as caught:
        parse(text, "my/shop.toml")
    assert str(caught.value).startswith("my/shop.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The message says which command writes one."""
    with pytest.raises(ConfigError, match="counterclick init"):
        load(tmp_path / "shop.toml")


def test_load_reads_the_file(tmp_path: Path) -> None:
    """The same as its text."""
    (tmp_path / "shop.toml").write_text(EXPERIMENT, encoding="utf-8")
    assert load(tmp_path / "shop.toml") == parse(EXPERIMENT)


@pytest.mark.parametrize("url", ["local", "local[2]", "local[*]", "spark://h:7077", "spark://a:1,b:2", "sc://h:15002"])
def test_an_engine_has_an_address(url: str) -> None:
    """A cluster, a Connect server, or a Spark in this process."""
    assert parse(f'[engine]\nurl = "{url}"\n').engine.url == url


@pytest.mark.parametrize("url", ["", "duckdb", "spark://h", "spark:/h:7077", "local[two]", "http://h:7077", "sc://"])
def test_what_no_engine_has_as_its_address(url: str) -> None:
    """The message shows how each one is written."""
    with pytest.raises(ConfigError, match="write 'spark://HOST:PORT' for a Spark cluster"):
        parse(f'[engine]\nurl = "{url}"\n')


@pytest.mark.parametrize(("given", "megabytes"), [("900MB", 900), ("2.5 GB", 2_500)])
def test_the_memory_of_the_embedded_database_is_what_is_said(tmp_path: Path, given: str, megabytes: int) -> None:
    """Where nothing is said by whoever opens the shop."""
    (tmp_path / "shop.toml").write_text(f'[engine]\nmemory = "{given}"\n', encoding="utf-8")
    for asked, expected in ((None, megabytes), ("700MB", 700)):
        with open_shop(tmp_path / "shop.toml", memory_limit=asked) as shop:
            told = shop.reading.one("SELECT current_setting('memory_limit')")
            assert float(told.split()[0]) * 2**20 == pytest.approx(
                expected * 1e6 / (1 if "MiB" in told else 2**10), rel=0.02
            )


@pytest.mark.parametrize("wrong", ["", "6", "0GB", "6 gigabytes", "-1GB", "6GB'; SELECT 1"])
def test_memory_that_is_none_is_refused(wrong: str) -> None:
    """With what would be right."""
    with pytest.raises(ConfigError, match="write a number and MB or GB, such as '6GB'"):
        parse(f'[engine]\nmemory = "{wrong}"\n')


def test_settings_of_an_engine_that_is_not_named() -> None:
    """They would do nothing."""
    with pytest.raises(ConfigError, match="has settings and no url"):
        parse('[engine]\nscratch = "/mnt/shop"\n')
