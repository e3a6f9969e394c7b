"""The simulated shop of `demo`: generated, written as a Parquet file, and recorded through the door like any other."""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from counterclick.audits import Audit
from counterclick.config import parse
from counterclick.display import Grid, Shown, signed_percent
from counterclick.errors import ConfigError
from counterclick.shop.declaring import declaration
from counterclick.shop.front import Shop
from counterclick.shop.opening import open_shop
from counterclick.shop.recording import Progress, record_bodies, silent
from counterclick.simulate import ShopTruth, simulate

__all__ = ["Demonstration", "Truth", "build", "demonstrate", "truths_of"]

_DECLARED_BEFORE = timedelta(days=7)
_MARKER = "demo.json"


@dataclass(frozen=True, slots=True)
class Truth:
    """What was simulated beside what was concluded.

    Attributes:
        experiment: its name.
        true_lift: on revenue per eligible visitor, of the feature over the control.
        lift: as estimated; None where refused.
        outcome: of the verdict; "refused" where there is none.
    """

    experiment: str
    true_lift: float
    lift: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Demonstration(Shown):
    """The main job on a shop whose truth is known.

    Attributes:
        audit: what the surfaces claim beside what their holdouts show.
        truths: what is true.
        folder: where the shop lies; None where it was temporary.
    """

    audit: Audit
    truths: tuple[Truth, ...]
    folder: str | None

    def grids(self) -> list[Grid]:
        """Return the audit, the verdicts and the truth."""
        rows = [
            (
                found.experiment,
                signed_percent(found.true_lift),
                signed_percent(found.lift) if found.lift is not None else "-",
                found.outcome,
            )
            for found in self.truths
        ]
        if self.folder is None:
            note = "This shop was temporary. `counterclick demo --serve` keeps one and shows its pages in a browser."
        else:
            note = f"The shop is kept: `counterclick experiment verdict chat --shop {self.folder}/shop.toml`."
        truth = Grid("The truth of this simulated shop", ("experiment", "true lift", "estimated", "verdict"), rows, (note,))
        return [*self.audit.grids(), truth]


def demonstrate(folder: Path | None, seed: int, visitors: int | None, *, progress: Progress = silent) -> Demonstration:
    """Simulate a shop, audit it, and lay the truth beside the verdicts."""
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterclick-demo-")))
        shop = stack.enter_context(build(place, seed, visitors, progress=progress))
        audit = shop.audit(progress=lambda step, fraction: progress(step, 0.5 + fraction / 2))
    return Demonstration(audit, truths_of(audit), str(folder) if folder else None)


def build(folder: Path, seed: int, visitors: int | None, *, progress: Progress = silent) -> Shop:
    """Simulate a shop into a folder and record it; a folder that has it already is opened as it is."""
    toml, marker = folder / "shop.toml", folder / _MARKER
    asked = {"seed": seed, "visitors": visitors}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = json.loads(marker.read_text(encoding="utf-8")) if marker.exists() else None
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be used: {error.strerror}.") from error
    if made == asked and toml.exists():
        return open_shop(toml)
    if toml.exists() or made is not None:
        what = "a shop of its own" if made is None else f"the demo of seed {made['seed']} and {made['visitors']} visitors"
        raise ConfigError(f"{folder} holds {what}; name an empty folder for this demo.")
    truth = ShopTruth() if visitors is None else replace(ShopTruth(), visitors=visitors)
    progress("simulating a shop", 0.0)
    simulation = simulate(truth, seed=seed)
    events = folder / "events.parquet"
    pq.write_table(simulation.events.drop_columns(["received_at", "source"]), events)
    config = parse(simulation.config())
    shop = Shop(config, folder)
    before = datetime.combine(truth.starts_on, time(12), UTC) - _DECLARED_BEFORE
    record_bodies(
        shop.store,
        config,
        [declaration(name, config, before) for name in config.experiments],
        source="shop.toml",
    )
    progress("recording its events", 0.4)
    shop.record(events)
    shop.store.drain()
    toml.write_text(simulation.config(), encoding="utf-8")
    marker.write_text(json.dumps(asked), encoding="utf-8")
    return shop


def truths_of(audit: Audit) -> tuple[Truth, ...]:
    """Return the true lifts of the default simulated shop beside an audit's verdicts."""
    found = {line.experiment: line.verdict for line in audit.claims.lines if line.is_verdict}
    truths = []
    for surface in ShopTruth().surfaces:
        verdict = found.get(surface.experiment)
        truths.append(
            Truth(
                surface.experiment,
                surface.lift(surface.treatment),
                verdict.lift if verdict else None,
                verdict.outcome if verdict else "refused",
            )
        )
    return tuple(truths)
