"""Whom to remind, from a shell: a file of rows, bodies for Klaviyo, and exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from builders import line, purchase
from counterclick.cli import main
from counterclick.display import WIDTH
from counterclick.shop import open_shop
from reminded import TODAY, TOML, history, written
from shell import Shell


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with eight months of orders; a third of its customers is known by the hash of an address.

    The hash, and with it who is left out by lot, is another one in each shop.
    """
    folder = tmp_path_factory.mktemp("reminding")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    events = history()
    for each in events:
        if each.get("customer_id", "c1").endswith(("0", "3", "8")):
            each["customer_id"] = f"{each['customer_id']}@example.com"
    with open_shop(folder / "shop.toml") as shop:
        shop.record(written(folder / "history.jsonl", events))
        shop.fit(["replenish"])
    return folder / "shop.toml"


def asked(toml: Path, *words: str) -> tuple[str, ...]:
    return (*words, "--today", f"{TODAY}", "--least", "0.15", "--shop", str(toml))


def test_a_file_has_a_row_for_each_customer_and_type(shell: Shell, toml: Path, tmp_path: Path) -> None:
    """As many as it says, within 80 columns; printed as JSON they are the same."""
    out = tmp_path / "segments.csv"
    text = shell(*asked(toml, "replenish", "--out", str(out)))
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert text.startswith(f"Wrote {len(rows):,} rows of ")
    assert "left out by lot" in text
    shown = shell(*asked(toml, "replenish"))
    assert max(len(row) for row in shown.splitlines()) <= WIDTH
    told = shell.json(*asked(toml, "replenish"))
    assert [row["customer_id"] for row in told["rows"]] == [row["customer_id"] for row in rows]
    assert told["n_reminded"] == len({row["customer_id"] for row in rows})


def test_klaviyo_gets_a_profile_for_each_customer(shell: Shell, toml: Path, tmp_path: Path) -> None:
    """With its properties, the likeliest type first; who is known by a hash alone is nobody there."""
    out, rows = tmp_path / "profiles.jsonl", shell.json(*asked(toml, "replenish"))["rows"]
    text = shell(*asked(toml, "klaviyo", "replenish", "--out", str(out)))
    bodies = [json.loads(each)["data"] for each in out.read_text(encoding="utf-8").splitlines()]
    hashed = {row["customer_id"] for row in rows if row["customer_id"].startswith("e_")}
    assert hashed
    assert [each["attributes"]["external_id"] for each in bodies] == list(
        dict.fromkeys(row["customer_id"] for row in rows if row["customer_id"] not in hashed)
    )
    assert text == f"Wrote {len(bodies):,} requests to {out}.\n"
    assert {each["type"] for each in bodies} == {"profile"}
    first = bodies[0]["attributes"]
    own = [row for row in rows if row["customer_id"] == first["external_id"]]
    assert first["properties"] == {
        "counterclick_replenish_type": own[0]["type"],
        "counterclick_replenish_types": [row["type"] for row in own],
        "counterclick_replenish_send_on": own[0]["send_on"],
        "counterclick_replenish_because": own[0]["because"],
        "counterclick_rebuy_probability_14_days": own[0]["probability_14_days"],
        "counterclick_rebuy_probability_30_days": own[0]["probability_30_days"],
        "counterclick_expected_orders_365_days": own[0]["expected_orders"],
        "counterclick_expected_value_365_days": own[0]["expected_value"],
        "counterclick_expected_value_currency": "EUR",
    }


def test_klaviyo_gets_an_event_on_the_day_to_send(shell: Shell, toml: Path) -> None:
    """One for each row, at noon, with an id that makes a repeat harmless, and the same profile."""
    rows = [row for row in shell.json(*asked(toml, "replenish"))["rows"] if not row["customer_id"].startswith("e_")]
    told = [json.loads(each)["data"] for each in shell(*asked(toml, "klaviyo", "replenish", "--events")).splitlines()]
    assert len(told) == len(rows)
    assert {each["type"] for each in told} == {"event"}
    own, row = told[0]["attributes"], rows[0]
    assert own["time"] == f"{row['send_on']}T12:00:00+00:00"
    assert own["unique_id"] == f"replenish:{row['customer_id']}:{row['type']}:{row['send_on']}"
    assert own["metric"]["data"]["attributes"] == {"name": "Replenishment Due", "service": "counterclick"}
    assert own["profile"]["data"]["attributes"]["external_id"] == row["customer_id"]
    assert own["properties"]["type"] == row["type"]
    assert len({each["attributes"]["unique_id"] for each in told}) == len(told)


def test_the_report_says_what_is_known(shell: Shell, toml: Path) -> None:
    """Verdict, who is next, areas and calibration, gates; within 80 columns."""
    text = shell("replenishment", "--today", f"{TODAY}", "--shop", str(toml))
    heads = (
        "What the share that is left out says",
        "Who is next",
        "Bought again within 14 days",
        "predictions per customer",
    )
    places = [text.index(each) for each in heads]
    assert places == sorted(places)
    assert max(len(row) for row in text.splitlines()) <= WIDTH


def test_what_is_missing_exits_with_two_and_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of one customer nothing is foreseen, neither as a file nor for Klaviyo."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([purchase("v1", customer_id="c1", at="2026-01-31T10:00", lines=[line("hat")])])
    out = tmp_path / "segments.csv"
    for words in (("replenish",), ("klaviyo", "replenish")):
        with pytest.raises(SystemExit) as stopped:
            main(asked(tmp_path / "shop.toml", *words, "--out", str(out)))
        assert stopped.value.code == 2
        assert "Missing: 1 customers with an order, 500 are needed." in " ".join(capsys.readouterr().out.split())
    assert not out.exists()
