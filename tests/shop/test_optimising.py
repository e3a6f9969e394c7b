"""One ranker tuned on clicks and on orders: clicks up, money not, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterclick.audits.drift_plot import format_of
from counterclick.errors import ConfigError, InputError, RefusedError
from counterclick.shop import open_shop
from counterclick.shop.optimised_plot import write_plot
from counterclick.shop.optimising import ARMS, METRICS_SHOWN, Optimised, Tuned, what_you_optimise
from shell import Shell


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Optimised, Path]:
    folder = tmp_path_factory.mktemp("optimised") / "shop"
    return what_you_optimise(folder, 1, 32_000), folder


def test_clicks_rise_and_money_does_not(kept: tuple[Optimised, Path]) -> None:
    """Of what is tuned on clicks; what is tuned on orders has fewer clicks and truly earns more than both others."""
    found, _ = kept
    clicks, orders = ({metric: found.line(on, metric) for metric in METRICS_SHOWN} for on in ("clicks", "orders"))
    assert (clicks["ctr"].low or 0) > 0
    assert (clicks["revenue_per_visitor"].high or 0) < 0
    assert found.outcomes["clicks"] == "lost"
    assert (orders["ctr"].high or 0) < 0
    assert orders["revenue_per_visitor"].true_lift > 0 > clicks["revenue_per_visitor"].true_lift
    assert orders["net_revenue_per_visitor"].true_lift > 0


def test_every_interval_holds_what_is_true_widened_by_half(kept: tuple[Optimised, Path]) -> None:
    """Eight intervals of 95 %, each made wider by half at either end: 99.7 %."""
    found, _ = kept
    for each in found.lines:
        assert each.low is not None
        assert each.high is not None
        half = (each.high - each.low) / 2
        assert each.low - half / 2 <= each.true_lift <= each.high + half / 2, each


def test_the_shop_is_a_shop(kept: tuple[Optimised, Path]) -> None:
    """Kept in a folder, it answers like any other, with the same verdicts; what was tuned on clicks is flagged."""
    found, folder = kept
    with open_shop(folder / "shop.toml") as shop:
        for on, name in ARMS.items():
            assert shop.experiment(name).verdict().outcome == found.outcomes[on]
        assert "tuned-on-clicks" in str(shop.alignment())
    with pytest.raises(ConfigError, match="holds a shop already; name an empty folder"):
        what_you_optimise(folder, 1, 32_000)


def test_it_is_drawn(kept: tuple[Optimised, Path], tmp_path: Path) -> None:
    """As SVG with what is compared, and as PNG; nothing else, and not where nothing could be measured."""
    found, _ = kept
    write_plot(found, tmp_path / "plot.svg")
    assert "net revenue per visitor" in (tmp_path / "plot.svg").read_text(encoding="utf-8")
    write_plot(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"written as \.svg or \.png"):
        format_of(tmp_path / "plot.jpg")
    nothing = Optimised((Tuned("clicks", "ctr", 0.1, None, None, None),), {}, None)
    with pytest.raises(RefusedError, match="Simulate more visitors"):
        write_plot(nothing, tmp_path / "none.svg")


def test_the_command_says_it(shell: Shell, tmp_path: Path) -> None:
    """Both tables with the truth beside them, and a picture; one that cannot be drawn is told before the simulation."""
    said = shell("demo", "--what-you-optimise", "--visitors", "8000", "--plot", str(tmp_path / "plot.svg"))
    for on in ARMS:
        assert f"The ranker tuned on {on}, against bestsellers" in said
    assert "not a promise" in " ".join(said.split())
    assert (tmp_path / "plot.svg").exists()
    assert ".svg or .png" in shell("demo", "--what-you-optimise", "--plot", str(tmp_path / "plot.jpg"), code=2)
