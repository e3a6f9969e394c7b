"""The commands. Each is a verb of the shop; what it prints is what the verb returns."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

from cyclopts import App, CycloptsError, Parameter

from counterclick.cli.asking import explain
from counterclick.cli.audits import alignment, audit, claims, drift
from counterclick.cli.backtesting import app as backtest_app
from counterclick.cli.boosting import boosts
from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.connecting import connect
from counterclick.cli.deciding import decide
from counterclick.cli.demo import demo
from counterclick.cli.experiments import app as experiment_app
from counterclick.cli.facts import app as facts_app
from counterclick.cli.fitting import bundles, fit, models
from counterclick.cli.klaviyo import app as klaviyo_app
from counterclick.cli.mailing import blocks, mailings
from counterclick.cli.onoff import app as onoff_app
from counterclick.cli.password import PasswordFile, ask_and_set, password
from counterclick.cli.readiness import readiness
from counterclick.cli.reconciling import reconcile
from counterclick.cli.replenishing import replenish, replenishment
from counterclick.cli.reporting import report
from counterclick.cli.requests import requests
from counterclick.cli.rights import export, forget, retention
from counterclick.cli.serving import keys, serve
from counterclick.cli.speaking import BAD, FOUND, fail, progressing, say, say_json
from counterclick.cli.telling import overview, returns, rows, served, settings, trace
from counterclick.cli.tuning import app as tune_app
from counterclick.cli.verifying import app as verify_app

if TYPE_CHECKING:
    from counterclick.shop import Recorded

__all__ = ["app", "main"]

app = App(
    name="counterclick",
    help="Says which of an online store's AI features earn money, measured on completed orders.",
    version_flags=["--version"],
    help_format="plaintext",
)
app.command(experiment_app)
app.command(onoff_app)
app.command(backtest_app)
app.command(klaviyo_app)
app.command(keys)
app.command(verify_app)
app.command(facts_app)
app.command(tune_app)
app.command(requests)
app.command(connect)
app.command(reconcile)
_TELLING = (demo, overview, trace, rows, settings, served, returns, replenishment, mailings)
_AUDITING = (audit, report, claims, drift, alignment, readiness)
_POLICIES = (decide, replenish, blocks, bundles, boosts, fit, models)
for _command in (*_TELLING, *_AUDITING, *_POLICIES, explain, serve, password, forget, export, retention):
    app.command(_command)


@app.command
def init(*, password_file: PasswordFile = None, common: Common = COMMON) -> int:
    """Write a commented shop.toml to start from; where there is one, check what it declares against the store's history.

    On a terminal it asks for the password of the pages that `serve` shows; without one it is set by `counterclick password`.
    Exits with 2 where the file is there already, and says which of its experiments cannot see what they are for.
    """
    from counterclick.errors import ConfigError
    from counterclick.shop.template import TEMPLATE

    try:
        with common.shop.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        return _checked(common)
    except OSError as error:
        raise ConfigError(f"{common.shop} cannot be written: {error.strerror}.") from error
    if not common.json:
        sys.stdout.write(f"Wrote {common.shop}. Next: counterclick record FILE...\n")
    if password_file is not None or (sys.stdin.isatty() and not common.json):
        with opened(common) as shop:
            ask_and_set(shop, password_file)
    if common.json:
        say_json({"written": str(common.shop)})
    return 0


def _checked(common: Common) -> int:
    from counterclick.errors import ConfigError, EmptyStoreError

    says = f"{common.shop} is there already; nothing was changed."
    try:
        with opened(common) as shop:
            plans = shop.plans()
    except EmptyStoreError as error:
        raise ConfigError(f"{says} Nothing is recorded yet, so that its experiments cannot be checked.") from error
    if not common.json:
        sys.stdout.write(f"{says}\n\n")
    say(plans, as_json=common.json)
    return BAD


@app.command
def record(
    files: Annotated[list[Path], Parameter(help="JSON lines, CSV or Parquet; with --as also product feeds.")],
    /,
    *,
    mapping: Annotated[str | None, Parameter(help="The mapping of shop.toml to read them by.")] = None,
    sender: Annotated[
        Literal["ga4", "klaviyo", "merchant", "segment"] | None, Parameter(name="--as", help="Whose own words they are in.")
    ] = None,
    as_of: Annotated[
        datetime | None, Parameter(help="Of a product feed: from when on it holds, UTC; when the file changed unless given.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Record files of events; a file recorded before changes nothing.

    Exits with 2 where events were refused or refunds name no known order; everything else is recorded.
    """
    results: list[Recorded] = []
    moment = as_of.replace(tzinfo=UTC) if as_of is not None and as_of.tzinfo is None else as_of
    with opened(common) as shop, progressing("Recording") as progress, contextlib.ExitStack() as stack:
        stack.callback(lambda: _say_recorded(results, as_json=common.json))  # also when a later file cannot be read
        for number, path in enumerate(files):

            def step(what: str, fraction: float, path: Path = path, number: int = number) -> None:
                progress(f"{path.name} ({what})", (number + fraction) / len(files))

            results.append(shop.record(path, mapping=mapping, sender=sender, as_of=moment, progress=step))
    return 0 if all(result.is_clean for result in results) else BAD


def _say_recorded(results: Sequence[Recorded], *, as_json: bool) -> None:
    from counterclick.display import plain

    if as_json:
        say_json([plain(result) for result in results])
    elif results:
        sys.stdout.write("\n\n".join(str(result) for result in results) + "\n")


@app.command
def metric(
    name: str,
    /,
    *,
    by: Annotated[Literal["day", "week", "month", "surface"] | None, Parameter(help="What to split it by.")] = None,
    common: Common = COMMON,
) -> int:
    """Show a metric of the whole shop, by period or by surface."""
    with opened(common) as shop:
        say(shop.metric(name, by=by), as_json=common.json)
    return 0


@app.command
def orders(
    *,
    most: Annotated[int, Parameter(help="How many, the newest first.")] = 20,
    unmatched: Annotated[str | None, Parameter(help="Only orders that this experiment cannot match.")] = None,
    common: Common = COMMON,
) -> int:
    """List completed orders."""
    with opened(common) as shop:
        say(shop.latest_orders(most, unmatched=unmatched), as_json=common.json)
    return 0


@app.command
def check(
    *,
    rejections: Annotated[bool, Parameter(help="List what was refused, with what would be right.", negative="")] = False,
    most: Annotated[int, Parameter(help="How many refused events to list.")] = 20,
    fail_on: Annotated[list[str] | None, Parameter(help="Exit with 1 if this finding stands; 'any' for all.")] = None,
    common: Common = COMMON,
) -> int:
    """Show the state of the recorded data: what was refused, what does not join, what contradicts itself.

    Exits with 2 where something needs attention; with --fail-on, with 1 where one of those findings stands, else with 0.
    """
    with opened(common) as shop:
        if rejections:
            say(shop.rejections(most), as_json=common.json)
            return 0
        health = shop.check(fail_on=fail_on or ())
        say(health, as_json=common.json)
        if fail_on:
            return FOUND if health.fails else 0
        return BAD if health.findings else 0


@app.command
def calibrate(
    name: Annotated[
        str | None, Parameter(help="Whose surface, outcome and window; the only experiment unless given.")
    ] = None,
    /,
    *,
    lift: Annotated[float, Parameter(help="Effect laid on the baskets of the treated: 0.1 is +10 %.")] = 0.1,
    draws: Annotated[int, Parameter(help="Trials of each split.")] = 1_000,
    common: Common = COMMON,
) -> int:
    """Assign past visitors anew, many times, and show how often a verdict would have been wrong, and right.

    Exits with 2 where an error rate is too high by more than chance.
    """
    with opened(common) as shop, progressing("Calibrating") as progress:
        found = shop.calibrate(name, lift=lift, draws=draws, progress=progress)
    say(found, as_json=common.json)
    return 0 if found.holds else BAD


_ENGINES = ("_duckdb", "duckdb", "_internal", "deltalake", "pyarrow", "sqlite3")
"""Whose errors are about files that cannot be read or written, and not about this product's code."""
_GONE = ("No files found that match the pattern", "No such file or directory")
_ATTEMPTS = 3


def stopped() -> NoReturn:
    """Say that the user stopped it, and exit as a shell expects."""
    sys.stderr.write("stopped; what was acknowledged is kept.\n")
    sys.exit(130)


def _run(words: Sequence[str]) -> object:
    """Run a command; once more where a file of the log was deleted while it was read, as an erasure does."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return app(words, exit_on_error=False, print_error=False, result_action="return_value")
        except Exception as error:
            if type(error).__module__.split(".")[0] not in _ENGINES or not any(says in str(error) for says in _GONE):
                raise
    return app(words, exit_on_error=False, print_error=False, result_action="return_value")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with 0, 1 for a finding that was asked to fail on, or 2 for what cannot be done."""
    from counterclick.errors import CounterclickError, StoreError

    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        code = _run(words)
    except (CounterclickError, CycloptsError) as error:
        fail(error, as_json=as_json)
        sys.exit(BAD)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        stopped()
    except Exception as error:
        if "interrupted" in str(error).lower():  # Ctrl-C as the database reports it
            stopped()
        if type(error).__module__.split(".")[0] not in _ENGINES:
            raise
        says = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        fail(StoreError(f"the store or a file could not be read or written: {says}"), as_json=as_json)
        sys.exit(BAD)
    sys.exit(code if isinstance(code, int) else 0)
