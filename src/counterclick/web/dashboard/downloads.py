"""Parts of a page as files: a table as CSV, a drawing as PNG."""

from __future__ import annotations

import asyncio
import csv
import io
import re

from litestar import Response

from counterclick.web.bodies import BodyError
from counterclick.web.dashboard.drawing import run
from counterclick.web.dashboard.views import Chart, Table, View

__all__ = ["downloaded"]

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?[\d.,]+( ?%)?$")
_drawing = asyncio.Semaphore(1)


async def downloaded(view: View, name: str, kind: str, page: str) -> Response[bytes]:
    """Return a part of a page as a file.

    Args:
        view: the page.
        name: of the part.
        kind: ``csv`` or ``png``.
        page: what the file's name begins with.

    Raises:
        BodyError: the page has no such part, or the part is none of that kind (404).
        StoreError: the drawing could not be made.
    """
    part = view.part(name)
    file = f"{re.sub('[^a-z0-9]+', '-', page.lower()).strip('-') or 'home'}-{name}.{kind}"
    headers = {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if kind == "csv" and isinstance(part, Table | Chart):
        return Response(_csv(part), media_type="text/csv; charset=utf-8", headers=headers)
    if kind == "png" and isinstance(part, Chart):
        async with _drawing:
            drawn = await asyncio.to_thread(run, "png", part.spec)
        return Response(drawn, media_type="image/png", headers=headers)
    raise BodyError(404, f"this page has no part {name[:60]!r} that can be had as {kind[:10]}.")


def _csv(part: Table | Chart) -> bytes:
    table = part.table if isinstance(part, Chart) else part
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_harmless(name) for name in table.heads])
    writer.writerows([_harmless(value) for value in row] for row in part.values)
    return file.getvalue().encode("utf-8-sig")


def _harmless(value: str | float) -> str | float:
    """Return a value that a spreadsheet takes for a text and not for a formula.

    >>> _harmless("=1+1"), _harmless("-3.0 %"), _harmless(-3)
    ("'=1+1", '-3.0 %', -3)
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value
