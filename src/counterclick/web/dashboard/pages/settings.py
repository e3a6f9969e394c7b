"""Settings: what shop.toml declares, with its meaning; keys; links to pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from litestar import Request, Response, post

from counterclick.errors import UnknownNameError
from counterclick.shop.access import ShareList
from counterclick.shop.keys import KeyList, May
from counterclick.shop.listing import Setting, Settings, written
from counterclick.shop.premises import Premises
from counterclick.web.bodies import BodyError
from counterclick.web.dashboard import places
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.rendering import HEADERS, page
from counterclick.web.dashboard.signing_in import signed_form
from counterclick.web.dashboard.views import About, Cell, Column, Field, Form, Part, Section, Table, Text, View
from counterclick.web.service import Service

__all__ = ["FORMS", "SETTINGS"]

_MAY: Mapping[May, str] = {
    "write": "write: send events and ask for decisions",
    "read": "read: figures",
    "browser": "browser: stand in a page, where everybody sees it",
}
_LONGEST_NAME = 100
_DECLARED = About(
    "What shop.toml declares, and what holds where it says nothing. It is changed in the file, which belongs under version "
    "control, and holds when `serve` is started anew.",
    "counterclick settings",
)
_KEYS = About("With a key events are sent and figures are read over HTTP. Secrets are not kept.", "counterclick keys list")
_LINKS = About("Each shows one page to whoever has it, until it ends. Secrets are not kept.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """Three verbs."""

    settings: Settings
    keys: KeyList
    links: ShareList


def _ask(shop: Premises, _asked: Mapping[str, str]) -> _Answer:
    return _Answer(shop.settings(), shop.keys.all(), shop.access.shares())


def _view(answer: _Answer, context: Context) -> View:
    settings = answer.settings
    is_right = not settings.wrong and not settings.is_changed
    kinds = groupby(settings.settings, lambda each: each.section.strip("[]").partition(".")[0])
    tables = [_declared([*found]) for _kind, found in kinds]
    return View(
        settings.says if not settings.wrong else "shop.toml cannot be read as it is now.",
        [
            Section("", [] if is_right else [Text([settings.says], kind="warning")]),
            *([Section("What is missing", missing)] if (missing := _missing(settings)) else []),
            Section("Keys", [*_keys(answer.keys, context), _new_key()]),
            Section("Links to pages", _links(answer.links, context)),
            Section("What shop.toml declares", tables),
        ],
        mark="" if is_right else "warning",
    )


def _missing(settings: Settings) -> list[Part]:
    if not settings.advice:
        return []
    rows: list[list[Cell | str]] = [
        [Cell(each.section, mark="code"), Cell(each.key, mark="code"), each.says] for each in settings.advice
    ]
    heads = [Column("section"), Column("setting"), Column("what would be right")]
    return [Table("What is missing in the file", heads, rows, _DECLARED)]


def _declared(settings: Sequence[Setting]) -> Table:
    """Return the settings of one kind of section: of several sections only what the file says.

    Those of whom the file says nothing are folded: they are most, and nobody chose them.
    """
    sections = [*dict.fromkeys(each.section for each in settings)]
    several = len(sections) > 1
    shown = [each for each in settings if each.is_set or not several]
    rows: list[list[Cell | str]] = [
        [
            *([Cell(each.section, mark="code")] if several else []),
            Cell(each.key, mark="code"),
            Cell(written(each.value), mark="code"),
            "the file" if each.is_set else "by default",
            Cell("needed" if each.is_required else written(each.default), mark="code"),
            each.says.replace("``", "`"),
        ]
        for each in shown
    ]
    names = (*(("section",) if several else ()), "setting", "holds", "says so", "by default", "meaning")
    left = len(settings) - len(shown)
    notes = [f"{left:,} settings more hold by default; `counterclick settings` lists them."] if left else []
    kind = sections[0].strip("[]").partition(".")[0]
    title = f"[{kind}.NAME]: {len(sections):,} sections" if several else sections[0]
    folded = f"{len(shown):,} by default" if shown and not any(each.is_set for each in shown) else ""
    return Table(title, [Column(name) for name in names], rows, _DECLARED, notes, folded=folded)


def _keys(keys: KeyList, context: Context) -> list[Part]:
    now, say = datetime.now(UTC), context.say
    rows = [
        [
            Cell(key.key_id, mark="code"),
            key.may,
            key.name,
            Cell(say.moment(key.made_at), key.made_at.isoformat()),
            "holds"
            if key.ends_at is None
            else Cell(f"{'ends' if key.holds(now) else 'ended'} {say.moment(key.ends_at)}", key.ends_at.isoformat()),
        ]
        for key in keys.keys
    ]
    if not rows:
        return [Text(["There is no key yet: without one, nothing can be sent over HTTP."])]
    heads = [Column(name) for name in ("id", "may", "name", "made", "state")]
    holding = {
        key.key_id: f"{key.key_id} ({key.may}{f', {key.name}' if key.name else ''})" for key in keys.keys if key.holds(now)
    }
    ending = Form("/settings/keys/withdraw", "Let it end", [Field("key_id", "Key", "", "select", holding)], is_small=True)
    return [Table("Keys", heads, rows, _KEYS), *([ending] if holding else [])]


def _new_key() -> Form:
    fields = [
        Field("may", "A new key that may", "write", "select", dict(_MAY.items())),
        Field(
            "name",
            "Whose it is",
            hint="Such as storefront; so that you know it again.",
            limits={"maxlength": str(_LONGEST_NAME)},
        ),
    ]
    return Form("/settings/keys", "Make a key", fields)


def _links(links: ShareList, context: Context) -> list[Part]:
    if not links.shares:
        return [Text(["No link holds. “Share this page” at the end of a page makes one."])]
    say = context.say
    rows = [
        [
            Cell(each.share_id, mark="code"),
            Cell(each.address, href=each.address),
            Cell(say.moment(each.made_at), each.made_at.isoformat()),
            Cell(say.moment(each.ends_at), each.ends_at.isoformat()),
        ]
        for each in links.shares
    ]
    choices = {each.share_id: f"{each.share_id} ({each.address})" for each in links.shares}
    ending = Form(
        "/settings/links/withdraw", "Let it end", [Field("share_id", "Link", "", "select", choices)], is_small=True
    )
    return [Table("Links", [Column(name) for name in ("id", "page", "made", "ends")], rows, _LINKS), ending]


@post("/settings/keys", include_in_schema=False)
async def make_key(request: Request[Any, Any, Any], service: Service) -> Response[Any]:
    """Make a key, and show its secret once."""
    fields = await signed_form(request, service.shop.access)
    may = next((each for each in _MAY if each == fields.get("may")), None)
    name = fields.get("name", "").strip()[:_LONGEST_NAME]
    if may is None:
        raise BodyError(400, f"a key may {', '.join(_MAY)}.")
    key, secret = await asyncio.to_thread(service.shop.keys.new, may, name)
    return page(
        "once.html",
        title=f"Key {key.key_id}",
        says=f"It may {_MAY[may]}. Keep it now: it is shown once, and nowhere else.",
        label="Secret",
        value=secret,
        back="/settings",
    )


@post("/settings/keys/withdraw", include_in_schema=False)
async def withdraw_key(request: Request[Any, Any, Any], service: Service) -> Response[Any]:
    """Let a key end now."""
    fields = await signed_form(request, service.shop.access)
    return await _done(lambda: service.shop.keys.withdraw(fields.get("key_id", "")))


@post("/settings/links/withdraw", include_in_schema=False)
async def withdraw_link(request: Request[Any, Any, Any], service: Service) -> Response[Any]:
    """Let a link end now."""
    fields = await signed_form(request, service.shop.access)
    return await _done(lambda: service.shop.access.withdraw(fields.get("share_id", "")))


async def _done(what: Callable[[], object]) -> Response[Any]:
    """Do something, and show the settings again."""
    try:
        await asyncio.to_thread(what)
    except UnknownNameError as error:
        raise BodyError(404, str(error)) from error
    return Response(b"", status_code=303, headers={**HEADERS, "Location": "/settings"})


FORMS = (make_key, withdraw_key, withdraw_link)
"""Addresses that its forms send to."""
SETTINGS = Page(
    places.SETTINGS,
    "What is declared, who may send and look?",
    _ask,
    _view,
    is_asked_anew=True,
    is_private=True,
)
"""The page."""
