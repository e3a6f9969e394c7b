"""What a command says, and how: tables or JSON on standard output, progress and errors on standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterclick.display import Shown

__all__ = ["BAD", "FOUND", "fail", "progressing", "say", "say_json"]

FOUND = 1
"""Exit code for a finding that the user asked to fail on."""
BAD = 2
"""Exit code for input that cannot be taken or a question that cannot be answered."""


def say(result: Shown, *, as_json: bool) -> None:
    """Print a result as tables, or as JSON."""
    from counterclick.display import as_json as written

    if as_json:
        sys.stdout.write(f"{written(result)}\n")
    else:
        sys.stdout.write(f"{result}\n")


def say_json(value: Any) -> None:
    """Print plain values as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def fail(error: Exception, *, as_json: bool) -> None:
    """Print an error on standard error."""
    if as_json:
        sys.stderr.write(json.dumps({"error": type(error).__name__, "message": str(error)}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"error: {error}\n")


@contextlib.contextmanager
def progressing(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on a terminal while something long runs; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _step, _fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda step, fraction: bar.update(task, description=f"{title}: {step}", completed=fraction)
