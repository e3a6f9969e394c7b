"""A file of outside tools' claims: one row for each order, or period, that a tool reports as its own.

Columns: ``source`` (the tool) and ``amount``, with ``order_id`` or ``period`` (2026-03, 2026-03-02, or first and last day as
2026-03-02/2026-03-08); where there are any, ``currency``, ``window`` (how the tool counts, in its words) and ``claimed_at``.
A file with these columns alone is known by them; with others besides it is said to be one of claims, and these are not
read. A row that names an order and a period is a claim on the order.
"""

from __future__ import annotations

from collections.abc import Collection

from counterclick.config import MappedEvent, TableConfig
from counterclick.errors import InputError

__all__ = ["CLAIMS", "claims_mapping"]

CLAIMS = "claims"
"""Name of the mapping, unless ``shop.toml`` has one of its own of that name."""
_ORDER, _PERIOD = "order_id", "period"
_OPTIONAL = {"currency": "currency", "claim_window": "window"}
_ALL = {"source", "amount", "order_id", "period", "currency", "window", "claimed_at"}
_ZONE = r"(Z|[+-]\d\d(:?\d\d)?)$"
_DAY = r"\d{4}-\d\d-\d\d"


def claims_mapping(columns: Collection[str], timezone: str, name: str | None = None) -> TableConfig | None:
    """Return how a file's rows become claims; None where it is no file of claims.

    Args:
        columns: of the file.
        timezone: the shop's, in which periods begin.
        name: of the file, where it was said to be one of claims.

    Raises:
        InputError: it was said to be one, and a column is missing.
    """
    missing = [column for column in ("source", "amount") if column not in columns]
    if _ORDER not in columns and _PERIOD not in columns:
        missing.append(f"{_ORDER} (or {_PERIOD})")
    if missing and name is not None:
        raise InputError(
            f"{name} has no column {', '.join(missing)}. A file of claims has source, amount, and order_id or period; "
            "where there are any, currency, window and claimed_at."
        )
    if missing or (name is None and not {*columns} <= _ALL):
        return None  # a file with other columns besides may be anything, such as an export of orders: it is to be said
    order = f"nullif(trim(\"{_ORDER}\"::VARCHAR), '')" if _ORDER in columns else "NULL::VARCHAR"
    begins, ends = _period() if _PERIOD in columns else ("NULL::TIMESTAMP", "NULL::TIMESTAMP")
    known = f"CASE WHEN {order} IS NULL THEN {begins} END"
    now = f"now() AT TIME ZONE '{timezone}'"
    text = "nullif(trim(claimed_at::VARCHAR), '')"
    zoned = f"try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE '{timezone}'"
    said = (
        f"CASE WHEN {text} IS NULL THEN {now} WHEN regexp_matches({text}, '{_ZONE}') THEN {zoned} "
        f"ELSE try_cast({text} AS TIMESTAMP) END"
    )  # what cannot be read stays empty, and is refused at the door
    fields = {
        "occurred_at": f"coalesce({known}, {said if 'claimed_at' in columns else now})",
        "claimant": '"source"',
        "amount": "amount",
        "order_id": order,
        "period_ends_at": f"CASE WHEN {order} IS NULL THEN {ends} END",
        **{field: f'"{column}"' for field, column in _OPTIONAL.items() if column in columns},
    }
    return TableConfig(file="*", events=(MappedEvent(kind="claim", fields=fields),))


def _period() -> tuple[str, str]:
    """Return SQL of a period's first moment, and of the first one after it; null where it cannot be read."""
    text = f'trim("{_PERIOD}"::VARCHAR)'
    month = f"try_cast({text} || '-01' AS DATE)"
    first, last = (f"try_cast(split_part({text}, '/', {n}) AS DATE)" for n in (1, 2))
    begins = (
        f"CASE WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d') THEN {month} "
        f"WHEN regexp_full_match({text}, '{_DAY}(/{_DAY})?') THEN {first} END"
    )
    ends = (
        f"CASE WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d') THEN {month} + INTERVAL 1 MONTH "
        f"WHEN regexp_full_match({text}, '{_DAY}') THEN {first} + INTERVAL 1 DAY "
        f"WHEN regexp_full_match({text}, '{_DAY}/{_DAY}') THEN {last} + INTERVAL 1 DAY END"
    )
    return f"({begins})::TIMESTAMP", f"({ends})::TIMESTAMP"
