"""The tuning loop: a change is proposed, evaluated on orders, put up as an experiment, and ended by its verdict."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from builders import Event, event, exposure, later, purchase
from counterclick.errors import ConfigError, ConflictError, RefusedError, UnknownNameError
from counterclick.shop import Shop, open_shop
from shell import Shell
from tuned_shop import BEST, DECIDED, TOML, history, logged, written_shop

GAIN = 0.9 * 20 * 0.5 * (0.2 - 0.05)
"""By which half of all decisions, those that chance leaves alone, earn more where the best product is among the two."""
BOOST = {f"boosts.{BEST}": 5.0}
TRIED = """
[experiments.tune-best]
surface = "cart"
control = "bundles"
treatment = "bundles@best"
variants = {{ bundles = 0.5, "bundles@best" = 0.5 }}
settings = {{ "bundles@best" = {settings} }}
starts_on = 2026-03-30
ends_on = 2026-04-26
planned_buyers = 700
"""


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return a shop whose decisions are logged, clicks on the worst offer included."""
    folder = tmp_path_factory.mktemp("explored")
    file = written_shop(folder, [*history(), *logged(6_000, clicks=True)])
    with open_shop(folder / "shop.toml") as shop:
        assert not shop.record(file).rejected
        yield shop


def small(folder: Path, *events: Event, toml: str = TOML) -> Shop:
    file = written_shop(folder, [*events, purchase(None, 5, later(DECIDED, days=70))], toml)
    shop = open_shop(folder / "shop.toml")
    shop.record(file)
    return shop


def trial(better: float) -> list[Event]:
    """Return 4,000 visitors of four weeks, half in each arm; of the second, so many times as many buy."""
    events = []
    for number in range(4_000):
        who, at = f"t{number}", later("2026-03-30T06:00", minutes=number * 10)
        arm = "bundles@best" if number % 2 else "bundles"
        events.append(exposure(who, arm, at, experiment="tune-best", surface="cart", policy=arm))
        if number // 2 % 100 < (10 * better if number % 2 else 10):
            events.append(purchase(who, 40 + number % 7, later(at, hours=3)))
    return events


# -- proposing -----------------------------------------------------------------------------------------------------


def test_a_proposal_says_who_what_and_why(tmp_path: Path) -> None:
    """It is kept beside the log, changes nothing, and is there when the shop is opened again."""
    with small(tmp_path) as shop:
        shop.tune_propose("few", {"bundles.shrink": 5}, why=" rare things first ", by="ada")
    with open_shop(tmp_path / "shop.toml") as shop:
        ((found, stands),) = shop.tune_proposals().proposals
        assert (found.by, found.why, found.surface, found.policy, stands) == (
            "ada",
            "rare things first",
            "cart",
            "bundles",
            "proposed",
        )
        assert (found.says, found.variant) == ("bundles.shrink from 2 to 5", "bundles@few")
        assert shop.config.bundles.shrink == 2
        assert (tmp_path / "shop.toml").read_text(encoding="utf-8") == TOML
        assert json.loads((tmp_path / ".counterclick/proposals/few.json").read_text(encoding="utf-8"))["changes"]


@pytest.mark.parametrize(
    ("name", "changes", "more", "says"),
    [
        ("Few!", {"bundles.shrink": 5}, {}, "no name of a proposal"),
        ("few", {}, {}, "changes something"),
        ("few", {"bundles.shrink": 5}, {"why": " "}, "says why"),
        ("few", {"bundles.shrink": 2.0}, {}, "as they are proposed"),
        ("few", {"bundles.shrnk": 2.0}, {}, "did you mean 'shrink'"),
        ("few", {"bundles.shrink": 5}, {"policy": "bundle"}, "did you mean 'bundles'"),
        ("few", {"bundles.shrink": 5}, {"surface": "crt"}, "did you mean 'cart'"),
        ("few", {"bundles.shrink": 5}, {"policy": "rules"}, "no experiment has it"),
    ],
)
def test_what_cannot_be_proposed_is_refused(
    tmp_path: Path, name: str, changes: dict[str, object], more: dict[str, str], says: str
) -> None:
    """With what would be right, and nothing is kept."""
    with small(tmp_path) as shop:
        with pytest.raises((ConfigError, UnknownNameError), match="(?i)" + says):
            shop.tune_propose(name, changes, **{"why": "x", **more})  # type: ignore[arg-type] # some are none
        assert shop.tune_proposals().proposals == ()


def test_a_proposal_stays_as_it_was_proposed(tmp_path: Path) -> None:
    """A second one of its name is refused; one that is damaged is said."""
    with small(tmp_path) as shop:
        shop.tune_propose("few", {"bundles.shrink": 5}, why="x")
        with pytest.raises(ConflictError, match="stays as it was"):
            shop.tune_propose("few", {"bundles.shrink": 6}, why="x")
        with pytest.raises(UnknownNameError, match="few"):
            shop.tune_evaluate("fwe")
        (tmp_path / ".counterclick/proposals/few.json").write_text("{", encoding="utf-8")
        with pytest.raises(OSError, match="cannot be read"):
            shop.tune_proposals()


# -- evaluating ----------------------------------------------------------------------------------------------------


def test_the_log_tells_what_a_boost_earns(explored: Shop) -> None:
    """Of a product that sells four times as well when it is offered, each estimate's interval holds the true gain."""
    explored.tune_propose("best", BOOST, why="it sells where chance shows it")
    found = explored.tune_evaluate("best")
    assert found.refusals == ()
    assert found.estimates is not None
    for each in (found.estimates.ips, found.estimates.snips, found.estimates.doubly_robust):
        assert each is not None
        assert each.gain is not None
        assert 0 < each.gain.lower <= GAIN <= each.gain.upper
    assert found.n_decisions == 7_500
    assert "--put-up" in found.next_step
    assert found.proposal.evaluated_at is not None
    assert {each.name: stands for each, stands in explored.tune_proposals().proposals}["best"] == "evaluated"


def test_what_changes_nothing_gains_nothing(explored: Shop) -> None:
    """Another shrink leaves this shop's order of offers as it is: the proposed policy is the logged one."""
    explored.tune_propose("same", {"bundles.shrink": 3}, why="x")
    found = explored.tune_evaluate("same").estimates
    assert found is not None
    assert found.ips.gain is None
    assert found.largest == pytest.approx(1.0)


def test_what_could_not_have_been_logged_is_refused(explored: Shop) -> None:
    """A boost of 0 for all but what was never a candidate leaves bestsellers; nobody knows what they would have earned."""
    explored.tune_propose("none", {f"boosts.q{number}": 0.0 for number in range(8)}, why="x")
    found = explored.tune_evaluate("none")
    assert any("was never logged" in each or "none of the logged" in each for each in found.refusals)
    assert "says nothing of it" in found.next_step
    assert "refused" in str(found) or "Refused" in str(found)


def test_few_decisions_are_refused_with_their_number(explored: Shop) -> None:
    """Of one day: below an effective size of 1,000 no number is shown."""
    explored.tune_propose("day", BOOST, why="x")
    found = explored.tune_evaluate("day", days=1)
    assert "1,000 are needed" in found.refusals[0]
    (grid,) = found.grids()
    assert [row[1] for row in grid.rows[1:]] == ["refused"] * 3
    with pytest.raises(ConfigError, match="take 1 or more"):
        explored.tune_evaluate("day", days=0)


def test_clicks_change_no_estimate_and_no_question_asks_for_them(explored: Shop, tmp_path: Path) -> None:
    """No statement names a kind that tells of clicks or lists, and the same shop without any has the same estimates."""
    explored.tune_propose("spied", BOOST, why="x")
    explored.refresh()
    connection = explored.reading.connection
    connection.execute("CALL enable_logging('QueryLog')")
    mine = explored.tune_evaluate("spied").estimates
    asked = [row[0] for row in connection.execute("SELECT message FROM duckdb_logs").fetchall()]
    connection.execute("CALL disable_logging()")
    assert any("decision" in each for each in asked)
    clicks = (
        "select_item",
        "view_item_list",
        "view_item",
        "page_view",
        "assistant_answer",
        "message_clicked",
        "message_opened",
    )
    assert [each for each in asked if any(f"'{kind}'" in each for kind in clicks)] == []
    with small(tmp_path, *history(), *logged(6_000)) as shop:
        shop.tune_propose("spied", BOOST, why="x")
        assert shop.tune_evaluate("spied").estimates == mine


def test_a_policy_learns_only_from_before_its_first_decision(explored: Shop) -> None:
    """What it is tried on it has not seen: orders that the decisions led to would make it look better than it is."""
    explored.tune_propose("early", {"bundles.joint": 4}, why="x")
    found = explored.tune_evaluate("early")
    assert found.estimates is not None
    assert found.estimates.ips.gain is None  # with later orders `q6` would be bought together with others


def test_a_shop_without_decisions_is_told_so(tmp_path: Path) -> None:
    """Nothing is invented: the experiment alone can say."""
    with small(tmp_path, *history()) as shop:
        shop.tune_propose("few", {"bundles.shrink": 5}, why="x")
        found = shop.tune_evaluate("few")
        assert found.estimates is None
        assert found.refusals[0].startswith("no decisions of bundles on cart are logged")
        assert "put it up" in found.next_step


# -- trying, and ending --------------------------------------------------------------------------------------------


def test_putting_up_writes_an_experiment_and_nothing_else(tmp_path: Path) -> None:
    """At the end of shop.toml, after the last experiment of the surface, with what is proposed; the variant is served."""
    with small(tmp_path, *history()) as shop:
        shop.tune_propose("best", BOOST, why="x")
        found = shop.tune_evaluate("best", put_up=True)
    text = (tmp_path / "shop.toml").read_text(encoding="utf-8")
    assert text == f"{TOML}\n{found.section}"
    own = tomllib.loads(text)["experiments"]["tune-best"]
    assert own["settings"] == {"bundles@best": BOOST}
    assert own["starts_on"] > max(date(2026, 3, 29), found.proposal.proposed_at.date())
    with open_shop(tmp_path / "shop.toml") as shop:
        assert shop.tune_proposals().proposals[0][1] == "on trial"
        shop.fit(["bundles", "bundles@best", "bestsellers"])
        offers = {
            each.policy: each.offers
            for each in (shop.decide("cart", f"v{n}", cart=["hat"], most=1, today=own["starts_on"]) for n in range(60))
            if "drawn" not in each.because
        }
        assert offers == {"bundles": ("q0",), "bundles@best": (BEST,)}
        with pytest.raises(RefusedError, match="on trial already"):
            shop.tune_evaluate("best", put_up=True)
        with pytest.raises(RefusedError, match="no verdict on 'best' yet"):
            shop.tune_apply("best")


def test_an_experiment_of_the_name_that_tries_something_else_is_refused(tmp_path: Path) -> None:
    """What was proposed is what is tried."""
    with small(tmp_path, toml=TOML + TRIED.format(settings='{ "boosts.q6" = 4.0 }')) as shop:
        shop.tune_propose("best", BOOST, why="x")
        with pytest.raises(ConfigError, match="other settings for 'bundles@best'"):
            shop.tune_apply("best")


def test_without_a_trial_nothing_is_applied(tmp_path: Path) -> None:
    """Only a verdict applies a proposal."""
    with small(tmp_path, *history()) as shop:
        shop.tune_propose("best", BOOST, why="x")
        with pytest.raises(RefusedError, match="is on no trial"):
            shop.tune_apply("best")


def test_what_won_is_written_and_nothing_else(tmp_path: Path) -> None:
    """A setting into shop.toml, a boost into a file of its own; every other line stays, and the proposal has ended."""
    changes = {**BOOST, "bundles.shrink": 5.0}
    toml = TOML + TRIED.format(settings=f'{{ "boosts.{BEST}" = 5.0, "bundles.shrink" = 5.0 }}')
    with small(tmp_path, *trial(1.4), toml=toml) as shop:
        shop.tune_propose("best", changes, why="x")
        found = shop.tune_apply("best")
        assert (found.verdict.outcome, found.proposal.ended) == ("won", "applied"), found.verdict
        assert found.files == ("boosts.toml", "shop.toml")
        with pytest.raises(RefusedError, match="was applied on"):
            shop.tune_apply("best")
    assert (tmp_path / "shop.toml").read_text(encoding="utf-8") == toml.replace("shrink = 2  ", "shrink = 5.0  ")
    assert (tmp_path / "boosts.toml").read_text(encoding="utf-8") == f"[boosts]\n{BEST} = 5.0\n"
    with open_shop(tmp_path / "shop.toml") as shop:
        assert (shop.config.bundles.shrink, shop.rules.boosts) == (5.0, {BEST: 5.0})
        assert shop.tune_proposals().proposals[0][1] == "applied"


@pytest.mark.parametrize(("better", "outcome"), [(0.6, "lost"), (1.0, "inconclusive")])
def test_what_did_not_win_is_withdrawn_with_the_reason(tmp_path: Path, better: float, outcome: str) -> None:
    """No file is touched."""
    toml = TOML + TRIED.format(settings='{ "boosts.q6" = 5.0 }')
    with small(tmp_path, *trial(better), toml=toml) as shop:
        shop.tune_propose("best", BOOST, why="x")
        found = shop.tune_apply("best")
        assert (found.verdict.outcome, found.proposal.ended, found.files) == (outcome, "withdrawn", ())
        assert found.proposal.because.startswith(f"{outcome}: ")
    assert (tmp_path / "shop.toml").read_text(encoding="utf-8") == toml
    assert not (tmp_path / "boosts.toml").exists()


def test_the_commands_say_what_the_verbs_return(tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proposing, listing, evaluating and applying from a shell; the experiment's section is printed below."""
    small(tmp_path, *history()).close()
    monkeypatch.chdir(tmp_path)
    words = ("tune", "propose", "few", "bundles.shrink=5", "rules.least_stock=2", "--why", "rare things first")
    assert "few" in shell(*words, "--by", "ada")
    assert shell.json("tune", "list")["proposals"][0][0]["by"] == "ada"
    said = shell("tune", "evaluate", "few")
    assert "For shop.toml:" in said
    assert "[experiments.tune-few]" in said
    assert "is on no trial" in shell("tune", "apply", "few", code=2)
    assert "Written into shop.toml:" in shell("tune", "evaluate", "few", "--put-up")
    assert shell.json("tune", "list")["proposals"][0][1] == "on trial"


@pytest.mark.parametrize("file", ["boosts.toml", "rules.toml"])
def test_settings_that_another_tool_tuned_on_clicks_are_flagged(tmp_path: Path, file: str) -> None:
    """By the alignment audit, for the surface whose policies decide by them."""
    (tmp_path / file).write_text('tuned_on = "click_rate"\n', encoding="utf-8")
    with small(tmp_path, *history()) as shop:
        (found,) = shop.alignment().surfaces
        says = [each.says for each in found.findings if each.kind == "misaligned"]
        assert len(says) == 1
        assert says[0].startswith(f"{file}: tuned_on: click_rate (clicks over what was shown) is a proxy: it is what these")


def test_an_order_of_lists_is_decided_by_an_experiment_alone(tmp_path: Path) -> None:
    """Logged lists cannot be weighed: that is said instead of a number, and the experiment can be put up all the same."""
    toml = '[surfaces.search]\n[experiments.order]\nsurface = "search"\ncontrol = "nothing"\n'
    toml += "variants = { nothing = 0.5, ranking = 0.5 }\nstarts_on = 2020-01-01\nends_on = 2090-01-01\n"
    made = {"surface": "search", "policy": "ranking", "experiment": "order", "variant": "ranking", "propensity": 0.5}
    made["details"] = json.dumps({"because": "by net order value", "propensities": [1.0], "in_time": True, "n_drawn": 0})
    lists = [
        event("decision", DECIDED, visitor_id=f"v{n}", items=[{"product_id": "a", "position": 1}], **made) for n in range(4)
    ]
    with small(tmp_path, *lists, toml=toml) as shop:
        shop.tune_propose("bold", {"ranking.floor": 5.0, "boosts.a": 2.0}, why="fewer orders suffice", policy="ranking")
        found = shop.tune_evaluate("bold", put_up=True)
        assert found.estimates is None
        assert found.n_untold == 4
        assert "4 lists were put in order" in str(found)
        assert "only an experiment can say" in " ".join(str(found).split())
    with open_shop(tmp_path / "shop.toml") as shop:
        assert shop.config.experiments["tune-bold"].settings == {"ranking@bold": {"ranking.floor": 5.0, "boosts.a": 2.0}}
        with pytest.raises(ConfigError, match=r"ranking\.floor cannot be -1"):
            shop.tune_propose("bad", {"ranking.floor": -1}, why="no", policy="ranking")
