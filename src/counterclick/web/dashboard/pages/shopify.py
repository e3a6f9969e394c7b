"""Connecting a Shopify store, step by step: what is done, and what is to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from counterclick.shop.connecting import Connection
from counterclick.web.dashboard import places
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.views import About, Cell, Column, Field, Form, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["SHOPIFY"]

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?")
_STEPS = About(
    "The steps by which a Shopify store is connected, and what can be seen of each.",
    "counterclick connect shopify https://... --verify",
)
_MARKS = {"done": "good", "missing": "missing"}


def _ask(shop: Shop, asked: Mapping[str, str]) -> Connection:
    address = asked.get("address", "")
    return shop.senders.connection(verifying=True, address=address if _ADDRESS.fullmatch(address) else None)


def _view(found: Connection, context: Context) -> View:
    say, address = context.say, context.asked.get("address", "")
    n_done = sum(step.state == "done" for step in found.steps)
    missing = [step.name for step in found.steps if step.state == "missing"]
    rows: list[list[Cell | str]] = [
        [
            Cell(str(number)),
            step.name,
            Cell(step.state or "", mark=_MARKS.get(step.state or "", "")),
            say.text(step.seen if step.state == "done" else f"{step.seen} {step.instruction}"),
        ]
        for number, step in enumerate(found.steps, 1)
    ]
    heads = [Column("no."), Column("step"), Column("state"), Column("what was seen, or is to do")]
    says = f"{n_done} of {len(found.steps)} steps are done."
    says += f" Next: {missing[0]}." if missing else " None is missing."
    form = Form(
        "",
        "Show the steps for it",
        [
            Field(
                "address",
                "Where Shopify reaches this server",
                address,
                "url",
                limits={"placeholder": "https://cc.shop.example"},
            )
        ],
        method="get",
        is_small=True,
    )
    parts: list[Part] = [form]
    if address and not _ADDRESS.fullmatch(address):
        parts.append(Text([f"An address begins with https:// and a host; {address!r} does not."], kind="warning"))
    return View(says, [Section("", parts), Section("Steps", [Table("Steps", heads, rows, _STEPS)])])


SHOPIFY = Page(
    places.SHOPIFY,
    "Which steps connect the store, and which are done?",
    _ask,
    _view,
    reads=("address",),
    is_private=True,
)
"""The page."""
