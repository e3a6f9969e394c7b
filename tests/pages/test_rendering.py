"""The page: complete in itself, well formed, and safe whatever names a shop has."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from counterclick.audits import Alarm
from counterclick.audits.quarter import Ended, quarter_of
from counterclick.pages import html
from counterclick.pages.plots import claims_plots
from counterclick.verdicts import Money
from reports import FEBRUARY, audit, report, surface, verdict

EVIL = "<script>alert('x')</script>\"&"
WON = verdict("won", incremental=Money(100.0, 50.0, 150.0, "EUR"))
_EMPTY = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page() -> str:
    """A page of a shop whose surface and tool have the worst of names."""
    evil = audit(
        surface(EVIL, "switch off", WON),
        surface("cart", "keep"),
        found=WON,
        alarms=(Alarm(EVIL, "observational", ("ctr",), EVIL),),
        tools=(EVIL,),
    )
    ended = Ended(EVIL, EVIL, date(2026, 2, 1), WON, 10.0)
    quarter = quarter_of("2026 Q1", "EUR", date(2026, 1, 1), date(2026, 3, 31), date(2026, 5, 1), [ended])
    return html(report(evil, tools=(EVIL,), shop=EVIL, quarter=quarter))


def test_names_are_text_wherever_they_stand(page: str) -> None:
    """No script, no handler: a surface, tool, experiment and shop of an evil name are shown by their letters."""
    found = Page(page)
    assert "script" not in found.names()
    assert not [name for _, own in found.tags for name in own if name.startswith("on")]
    assert found.text().count("<script>alert('x')</script>") >= 5
    assert "<script" not in page


def test_it_needs_nothing_besides_itself(page: str) -> None:
    """No address, no link, no import, nothing to load; and the page forbids itself to load anything."""
    assert "://" not in page
    assert not re.search(r"@import|url\((?!#)", page)
    found = Page(page)
    assert not {"link", "img", "iframe", "object", "embed", "image", "use"} & {*found.names()}
    assert not [name for _, own in found.tags for name in own if name in ("src", "href", "xlink:href")]
    assert "default-src 'none'" in page


def test_it_is_well_formed_and_its_headings_are_in_order(page: str) -> None:
    """Every element is closed; one first heading, and no level is left out."""
    found = Page(page)
    assert found.open == []
    levels = [int(tag[1]) for tag in found.names() if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(second <= first + 1 for first, second in pairwise(levels))


def test_every_table_has_headers_and_every_drawing_is_told_in_words(page: str) -> None:
    """Columns and rows have headers with a scope, and none is empty; a drawing has its numbers as a label."""
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert len(tables) > 8
    for table in tables:
        found = Page(table)
        heads = [own for tag, own in found.tags if tag == "th"]
        assert any(own.get("scope") == "col" for own in heads)
        assert any(own.get("scope") == "row" for own in heads)
        assert not re.search(r"<th[^>]*>\s*</th>", table)
    labels = [own.get("aria-label") for _, own in Page(page).tags if own.get("role") == "img"]
    assert labels
    assert "claimed 30 %, credited 20 %, earned +10.0 % [+5.0, +15.0]" in str(labels[0])


def test_ids_are_there_once(page: str) -> None:
    """Drawings stand in one page without sharing names."""
    ids = [own["id"] for _, own in Page(page).tags if "id" in own]
    assert len(ids) == len(set(ids))


def test_the_first_lines_say_what_to_do() -> None:
    """The headline, the share of claims, and when it stands come before anything else."""
    text = Page(html(report(audit(surface("chat", "switch off"), surface("cart"))))).text()
    headline = text.index("Switch off chat. Keep cart.")
    assert headline < text.index("Neither is an effect.") < text.index("surface do why")
    assert "What was recorded by 2026-05-01 counts" in text


def test_a_shop_without_surfaces_has_a_page() -> None:
    """Nothing to draw, nothing to decide: it says so and stands."""
    text = Page(html(report(audit()))).text()
    assert "No AI surface is declared or recorded" in text
    assert "There is nothing to draw yet" in text


def test_provisional_figures_look_provisional() -> None:
    """The class that marks them is there for an open month, and not for a final one."""
    open_month = replace(FEBRUARY, final_on=date(2026, 3, 31))
    page = html(report(audit(), month=open_month))
    assert '<div class="provisional">' in page
    assert "provisional: its orders may come back until 2026-03-31" in page
    assert '<div class="provisional">' not in html(report(audit()))


def test_metrics_are_called_in_words_and_colours_are_the_pages() -> None:
    """An underscore is for programmers; a colour of a drawing is a variable, so that it turns with the page."""
    found = audit(surface("cart", because="revenue_per_visitor moved"), found=WON)
    page = html(report(found))
    assert "Revenue per visitor moved" in page
    drawn = claims_plots(found.claims, ["cart"])[0].svg
    assert 'fill="var(--claimed)"' in drawn
    assert "#" not in re.sub(r"url\(#[^)]*\)", "", "".join(re.findall(r'(?:fill|stroke)="[^"]*"', drawn)))


def test_what_is_not_measured_is_drawn_as_that() -> None:
    """A surface without an experiment has two bars and words."""
    wide, narrow = claims_plots(audit(surface("cart")).claims, ["cart"])
    assert "not measured" in wide.svg
    assert "not measured" in narrow.svg
    assert "earned not measured" in wide.says
