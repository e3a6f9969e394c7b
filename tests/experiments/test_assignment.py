"""Who sees what."""

from __future__ import annotations

import hashlib

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from counterclick.errors import ConfigError
from counterclick.experiments import assign, bucket
from counterclick.experiments.assignment import BUCKETS, bounds, buckets

HALVES = {"a": 0.5, "b": 0.5}
DIGITS = [("cart-bundles", "v1", "7829adaa"), ("chat", "v2", "78b541f4"), ("test", "visitor-42", "9a33f9a4")]
THIRDS = {"nothing": 0.34, "static": 0.33, "feature": 0.33}


def test_the_bucket_is_the_one_that_duckdb_computes() -> None:
    """2,000 ids, some of them far from ASCII, fall into the same bucket in SQL."""
    units = [f"v{i}" for i in range(1_999)] + ["äöü-訪問者"]
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT u, ('0x' || left(sha256('cart-bundles:' || u), 8))::BIGINT % 10000 FROM unnest(?) AS t(u)", [units]
        ).fetchall()
    assert {unit: bucket("cart-bundles", unit) for unit in units} == dict(found)


def test_known_buckets() -> None:
    """What ``printf salt:unit | sha256sum`` begins with, modulo 10,000: for any other implementation to be held to."""
    for salt, unit, digits in DIGITS:
        assert hashlib.sha256(f"{salt}:{unit}".encode()).hexdigest().startswith(digits)
        assert bucket(salt, unit) == int(digits, 16) % 10_000
    assert [bucket(salt, unit) for salt, unit, _ in DIGITS] == [7354, 4820, 7508]


def test_many_buckets_are_those_of_each_unit() -> None:
    """Thousands of ids at once get the numbers that each gets alone."""
    units = [f"v{i}" for i in range(2_000)] + ["ü", ""]
    assert buckets("chat", units).tolist() == [bucket("chat", unit) for unit in units]
    assert buckets("chat", []).tolist() == []


def test_arms_take_the_buckets_in_declared_order() -> None:
    """34 % are the buckets below 3,400, the next 33 % those below 6,700."""
    assert bounds(THIRDS) == [("nothing", 3_400), ("static", 6_700), ("feature", BUCKETS)]
    for i in range(200):
        place = bucket("s", f"v{i}")
        expected = "nothing" if place < 3_400 else "static" if place < 6_700 else "feature"
        assert assign("s", f"v{i}", THIRDS) == expected


def test_shares_are_respected() -> None:
    """Of 20,000 visitors each arm gets its share: a chi-square that chance would exceed."""
    arms = [assign("test", f"v{i}", THIRDS) for i in range(20_000)]
    counts = [arms.count(arm) for arm in THIRDS]
    assert stats.chisquare(counts, [share * 20_000 for share in THIRDS.values()]).pvalue > 0.001


def test_another_salt_assigns_independently() -> None:
    """Knowing the arm in one experiment says nothing about the arm in another."""
    pairs = [(assign("one", f"v{i}", HALVES), assign("two", f"v{i}", HALVES)) for i in range(20_000)]
    table = [[pairs.count((x, y)) for y in HALVES] for x in HALVES]
    assert stats.chi2_contingency(table).pvalue > 0.001


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_visitor_has_one_arm(salt: str, unit: str) -> None:
    """The same visitor gets the same arm each time, whatever the ids are made of."""
    assert assign(salt, unit, HALVES) == assign(salt, unit, HALVES)


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"a": 0.5, "b": 0.4}, "must add up to 1"),
        ({"a": 1.5, "b": -0.5}, "positive multiple"),
        ({"a": 1 / 3, "b": 2 / 3}, "1/10000"),
        ({"a": 1.0, "b": 0.0}, "positive multiple"),
    ],
)
def test_impossible_shares_are_refused(shares: dict[str, float], says: str) -> None:
    """Shares are ten-thousandths above zero that add up to 1."""
    with pytest.raises(ConfigError, match=says):
        assign("s", "v1", shares)
