"""The commands, as a shell sees them: output, exit codes, and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import Event, add, click, exposure, later, line, purchase, refund, view
from counterclick.display import WIDTH
from shell import Shell

ARMS = ("nothing", "bestsellers")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, *events: Event | str) -> str:
    Path(name).write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in events), encoding="utf-8")
    return name


def recorded(shell: Shell) -> None:
    """Set up a small shop with an experiment of 120 visitors in each of two arms, who all buy."""
    Path("shop.toml").write_text(
        '[surfaces.cart]\nmonthly_cost = 10\n[experiments.test]\nsurface = "cart"\ncontrol = "nothing"\n'
        "variants = { nothing = 0.5, bestsellers = 0.5 }\nstarts_on = 2026-01-05\nends_on = 2026-02-01\n",
        encoding="utf-8",
    )
    times = [later("2026-01-05T10:00", days=i % 10) for i in range(240)]
    events = [exposure(f"v{i}", ARMS[i % 2], times[i], surface="cart") for i in range(240)]
    events += [
        purchase(f"v{i}", order=f"o{i}", lines=[line("hat", 1 + i % 5, 10)], at=later(times[i], minutes=5))
        for i in range(240)
    ]
    shell("record", write("events.jsonl", *events, view("v1"), add("v1")))


def test_init_writes_a_file_that_loads_and_never_overwrites_it(shell: Shell) -> None:
    """The commented template is a valid shop; a second init refuses."""
    assert "Wrote shop.toml" in shell("init")
    assert "nothing is recorded yet" in shell("audit", code=2)
    assert "there already" in shell("init", code=2)


def test_every_question_is_answered_in_eighty_columns_and_in_json(shell: Shell) -> None:
    """Each command prints tables no wider than 80 columns, and with --json what a program can read."""
    recorded(shell)
    questions: list[tuple[str, ...]] = [
        ("audit",),
        ("claims",),
        ("alignment",),
        ("drift",),
        ("metric", "revenue_per_visitor"),
        ("metric", "aov", "--by", "month"),
        ("metric", "revenue_per_visitor", "--by", "surface"),
        ("orders", "--most", "3"),
        ("orders", "--unmatched", "test"),
        ("check",),
        ("readiness",),
        ("check", "--rejections"),
        ("decide", "cart", "--visitor", "v1", "--cart", "hat"),
        ("experiment", "plan", "test", "--lift", "0.1"),
        ("experiment", "result", "test", "--metric", "ctr"),
        ("experiment", "slices", "test"),
        ("experiment", "verdict", "test"),
    ]
    for words in questions:
        text = shell(*words)
        assert text.strip()
        assert max(len(row) for row in text.splitlines()) <= WIDTH, text
        assert shell.json(*words)


def test_claims_to_mend_exit_with_two_and_are_listed(shell: Shell) -> None:
    """A claim on an unknown order: the ledger says so, `--problems` lists the row, JSON has it too."""
    recorded(shell)
    Path("claims.csv").write_text("source,order_id,amount\nmailer,o1,20\nmailer,o-unknown,99\n", encoding="utf-8")
    shell("record", "claims.csv")
    assert "unknown order" in shell("claims", code=2)
    assert "o-unknown" in shell("claims", "--problems", code=2)
    assert [row["order_id"] for row in shell.json("claims", code=2)["problems"]] == ["o-unknown"]


def test_an_audit_explains_itself(shell: Shell) -> None:
    """The queries behind the figures, of one surface where that is asked; a surface that is not there is an error."""
    recorded(shell)
    text = shell("audit", "--explain", "--surface", "cart")
    assert "-- cart: test: orders with the feature" in text
    assert "SELECT" in text
    assert any(row["figure"] == "revenue" and row["n_rows"] == 240 for row in shell.json("audit", "--explain")["figures"])
    assert "no surface is named 'chat'" in shell("audit", "--explain", "--surface", "chat", code=2)


def test_a_figure_is_the_same_in_text_json_and_python(shell: Shell) -> None:
    """240 orders of 10 to 50: AOV 30 everywhere."""
    recorded(shell)
    assert "EUR 30.00" in shell("metric", "aov")
    assert shell.json("metric", "aov")["values"][0]["value"] == 30


def test_recording_what_needs_attention_exits_with_two_and_keeps_the_rest(shell: Shell) -> None:
    """One good event, one negative price, one refund of an unknown order: all kept, two of them named."""
    shell("init")
    file = write("mixed.jsonl", view("v1"), add("v1", price=-3), refund("nowhere", amount=5))
    text = shell("record", file, code=2)
    assert "refused: out_of_range" in text
    assert "1 refunds name no order" in text
    assert "unit_price must be 0 or more" in shell("check", "--rejections")
    assert "refunds_without_order" in shell("check", code=2)
    assert shell("check", "--fail-on", "refunds_without_order", code=1)
    assert "was recorded before" in shell("record", file)


def test_an_order_before_its_touch_is_named_and_exits_with_two(shell: Shell) -> None:
    """Nobody is credited with it, and check says why; where nothing needs attention it exits with 0."""
    shell("init")
    order = purchase("v1", revenue=5, at="2026-01-05T10:00")
    shell("record", write("order.jsonl", order, view("v1")))
    shell("check")
    shell("record", write("touch.jsonl", click("v1", at="2026-01-05T11:00")))
    assert "orders_before_their_touch" in shell("check", code=2)
    shell("check", "--fail-on", "orders_before_their_touch", code=1)
    shell("check", "--fail-on", "rejected_events")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("experiment", "verdict", "tset"), "Did you mean 'test'"),
        (("metric", "aow"), "Did you mean 'aov'"),
        (("metric", "aov", "--by", "year"), "year"),
        (("record", "nowhere.csv"), "there is no file"),
        (("experiment", "plan", "test", "--lift", "-1"), "lift above 0"),
        (("decide", "cert", "--visitor", "v1"), "Did you mean 'cart'"),
        (("experiment", "result", "test", "--metric", "clicks"), "no metric is named"),
        (("nonsense",), "nonsense"),
        (("check", "--fail-on", "nonsense"), "no finding is named"),
    ],
)
def test_what_cannot_be_done_exits_with_two_and_says_what_would_be_right(
    shell: Shell, words: tuple[str, ...], says: str
) -> None:
    """Unknown names and bad values: one sentence on standard error."""
    recorded(shell)
    assert says in shell(*words, code=2)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[shop]\ncurency = 'EUR'", "Did you mean 'currency'"),
        ("[shop", "not valid TOML"),
        ("[shop]\ntimezone = 'Berlin'", "IANA"),
        ("[attribution]\nwindow = '24'", "not a duration"),
        ("[surfaces.x]\nmonthly_cost = -1", "not negative"),
    ],
)
def test_a_shop_toml_that_cannot_be_says_so(shell: Shell, toml: str, says: str) -> None:
    """A misspelt setting, broken TOML, an unknown zone, a duration without its unit, a negative cost."""
    Path("shop.toml").write_text(toml, encoding="utf-8")
    assert says in shell("audit", code=2)
    assert says in json.loads(shell("audit", "--json", code=2))["message"]


def test_a_second_process_reads_while_the_first_writes(shell: Shell, tmp_path: Path) -> None:
    """Commands run at the same time on one store: a reader sees whole files, never half of one."""
    shell("init")
    shell("record", write("a.jsonl", *(purchase(f"v{i}", revenue=1) for i in range(10))))
    environment = os.environ | {"PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", "counterclick"]
    write("b.jsonl", *(purchase(f"w{i}", revenue=1) for i in range(5000)))
    with subprocess.Popen([*command, "record", "b.jsonl"], cwd=tmp_path, env=environment) as writer:
        seen = set()
        while writer.poll() is None:
            found = subprocess.run(
                [*command, "metric", "aov", "--json"], cwd=tmp_path, env=environment, capture_output=True, check=False
            )
            assert found.returncode == 0, found.stderr.decode()
            seen.add(json.loads(found.stdout)["values"][0]["denominator"])
    assert writer.returncode == 0
    assert seen <= {10, 5010}
    assert shell.json("metric", "aov")["values"][0]["denominator"] == 5010


def test_the_demo_prints_the_audit_and_the_truth(shell: Shell) -> None:
    """A small one: the audit's page, then what was simulated."""
    text = shell("demo", "--visitors", "5000")
    assert "What each surface claims" in text
    assert "The truth of this simulated shop" in text
    assert max(len(row) for row in text.splitlines()) <= WIDTH
