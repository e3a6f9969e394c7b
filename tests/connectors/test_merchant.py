"""Google Merchant feeds become products of the catalogue."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.connectors.merchant import ATTRIBUTES, item, products
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason
from translations import NOW, only, sound, taken

HEAD = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" xmlns:m="http://search.yahoo.com/mrss/" version="2.0"><channel>
<title>Shop</title><link>https://example.org</link>"""
SHIRT = """<item><g:id>s-red</g:id><title>Shirt &amp; tie</title><m:title>Not this</m:title><g:price>25.00 EUR</g:price>
<g:sale_price>19.90 EUR</g:sale_price><g:item_group_id>s</g:item_group_id><g:cost_of_goods_sold>8 EUR</g:cost_of_goods_sold>
<g:product_type><![CDATA[Clothes > Shirts]]></g:product_type>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping></item>"""
TAIL = "</channel></rss>"


def feed(text: str | bytes) -> list[Translated]:
    return list(products(io.BytesIO(text if isinstance(text, bytes) else text.encode()), as_of=NOW))


def test_rss() -> None:
    """An item is a product: its own price, not that of its shipping; its cost, group, title and category."""
    shirt = only(feed(HEAD + SHIRT + TAIL)[0])
    assert (shirt.product_id, shirt.group_id, shirt.title, shirt.category) == (
        "s-red",
        "s",
        "Shirt & tie",
        "Clothes > Shirts",
    )
    assert (shirt.unit_price, shirt.unit_cost, shirt.currency) == (Decimal("19.9"), 8, "EUR")
    regular = SHIRT.replace("<g:sale_price>19.90 EUR</g:sale_price>", "")
    assert only(feed(HEAD + regular + TAIL)[0]).unit_price == 25
    assert (shirt.occurred_at, shirt.event_id) == (NOW, "merchant:s-red:2026-03-02T12:00:00+00:00")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tsv(encoding: str) -> None:
    """One item a line, under a line of names, in Google's spellings of them."""
    text = 'id\ttitle\tg:price\titem group id\tcolor\r\na\t"Über ""alles"""\t5.00 EUR\tg1\tred\r\n\r\nb\tHat\t7 USD\t\t'
    first, second = (only(one) for one in feed(text.encode(encoding)))
    assert (first.product_id, first.title, first.unit_price, first.group_id) == ("a", 'Über "alles"', 5, "g1")
    assert (second.product_id, second.unit_price, second.currency, second.group_id) == ("b", 7, "USD", None)


def test_what_is_there_and_what_it_is_like() -> None:
    """Availability in either spelling, units, and colour, brand and labels as attributes; from XML and from TSV alike."""
    more = "<g:availability>in stock</g:availability><g:quantity>7</g:quantity><g:color>Red/Blue</g:color><g:size>M</g:size>"
    labels = "<g:brand>Acme; Sons</g:brand><g:custom_label_0>gift</g:custom_label_0><g:colour>odd</g:colour>"
    xml = only(feed(HEAD + SHIRT.replace("</item>", f"{more}{labels}</item>") + TAIL)[0])
    names = "id\tavailability\tsell on google quantity\tcolor\tsize\tbrand\tcustom label 0\tcolour\n"
    tsv = only(feed(f"{names}s-red\tin_stock\t7\tRed/Blue\tM\tAcme; Sons\tgift\todd")[0])
    for found in (xml, tsv):
        assert (found.availability, found.stock, found.size) == ("in_stock", 7, "M")
        assert found.attributes == "brand=Acme, Sons; color=Red/Blue; custom_label_0=gift"
    for odd, reason in (({"availability": "soon"}, Reason.WRONG_TYPE), ({"quantity": "-1"}, Reason.OUT_OF_RANGE)):
        refused = item({"id": "a", "price": "10 EUR", **odd}, as_of=NOW)
        assert ([each[0] for each in refused.refused], "stock" in refused.bodies[0]) == ([reason], False)


def test_atom() -> None:
    """Google's id goes before the feed's own, wherever it stands."""
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><entry><g:id>a</g:id>'
        "<id>urn:1</id><title>Hat</title></entry></feed>"
    )
    assert [(one.product_id, one.title) for one in (only(one) for one in feed(text))] == [("a", "Hat")]


@pytest.mark.parametrize(
    ("price", "amount", "currency"),
    [
        ("12.50 EUR", "12.5", "EUR"),
        ("12.50EUR", "12.5", "EUR"),
        ("USD 12", "12", "USD"),
        ("12", "12", None),
        ("12,50 EUR", None, None),
        ("1,299.00 USD", None, None),
        ("EUR 12 EUR", None, None),
        ("-1 EUR", None, None),
        ("twelve", None, None),
    ],
)
def test_prices(price: str, amount: str | None, currency: str | None) -> None:
    """A price is written with a point; one that could mean two amounts is refused."""
    found = item({"id": "a", "price": price}, as_of=NOW)
    if amount is None:
        assert [reason for reason, _ in found.refused] == [Reason.WRONG_TYPE]
        assert not found.bodies
    else:
        assert Decimal(found.bodies[0]["unit_price"]) == Decimal(amount)
        assert found.bodies[0].get("currency") == currency


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("2026-03-01T00:00+0100/2026-03-08T23:59+0100", 8),
        ("2026-03-03T00:00+0100/2026-03-08T23:59+0100", 10),
        ("2026-02-01T00:00/2026-02-08T23:59", 10),
    ],
)
def test_a_sale_has_its_time(dates: str, price: int) -> None:
    """The price of a sale holds while the sale lasts."""
    told = {"id": "a", "price": "10 EUR", "sale_price": "8 EUR", "sale_price_effective_date": dates}
    assert only(item(told, as_of=NOW)).unit_price == price
    odd = item(told | {"sale_price_effective_date": "next week"}, as_of=NOW)
    assert (odd.bodies[0]["unit_price"], odd.refused[0][0]) == ("10.0000", Reason.WRONG_TYPE)


def test_a_cost_in_another_currency() -> None:
    """It is left out, and said so; the product stays."""
    found = item({"id": "a", "price": "10 EUR", "cost_of_goods_sold": "5 USD"}, as_of=NOW)
    assert ("unit_cost" in found.bodies[0], found.refused[0][0]) == (False, Reason.INCONSISTENT)
    assert item({"title": "Hat"}, as_of=NOW).refused[0][0] == Reason.MISSING_FIELD


def test_the_same_feed_again() -> None:
    """As of the same moment its events have the same ids; as of another one they are news."""
    once = feed(HEAD + SHIRT + TAIL)
    assert once == feed(HEAD + SHIRT + TAIL)
    later = next(products(io.BytesIO((HEAD + SHIRT + TAIL).encode()), as_of=datetime(2026, 3, 3, tzinfo=UTC)))
    assert later.bodies[0]["event_id"] != once[0].bodies[0]["event_id"]


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<rss><channel><item><title>&b;</title></item></channel></rss>"""
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><title>&x;</title></item></rss>'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "after 0 items: a feed must not declare a document type"),
        (OUTSIDE, "after 0 items: a feed must not declare a document type"),
        ("<!DOCTYPE html><html></html>", "document type"),
        ("<rss></rss>", "holds no item"),
        (HEAD + SHIRT + "<item><g:id>b</g:id>", "after 1 items: it is not well-formed XML"),
        (HEAD + SHIRT + "<item>&undeclared;</item>" + TAIL, "after 1 items: it is not well-formed XML"),
        ("", "it is empty"),
        ("title\tprice\nHat\t5 EUR", "id among them"),
        ("id\ttitle\n" + "a" * 2_000_000, "a line is longer"),
        ('id\ttitle\na\t"' + "b\n" * 200_000, "it is not TSV"),
    ],
)
def test_what_cannot_be_read_further(text: str, says: str) -> None:
    """The items before it are kept; what stops the reading is refused, with how far it came."""
    *before, last = feed(text)
    assert [reason for reason, _ in last.refused] == [Reason.MALFORMED]
    assert says in last.refused[0][1]
    for one in before:
        assert taken(one)


class Endless(io.RawIOBase):
    """A feed of 10,000 items that is made while it is read."""

    def __init__(self) -> None:
        self.pieces: Iterator[bytes] = (
            ((HEAD if n == 0 else "") + SHIRT * 100 + (TAIL if n == 99 else "")).encode() for n in range(100)
        )

    def read(self, _size: int = -1) -> bytes:
        return next(self.pieces, b"")


def test_a_large_feed_is_a_stream() -> None:
    """Five megabytes pass through in less than one."""
    tracemalloc.start()
    n_items = sum(len(one.bodies) for one in products(cast("BinaryIO", Endless()), as_of=NOW))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_items == 10_000
    assert peak < 1_000_000


PIECES = st.sampled_from(
    [
        *HEAD.split("\n"),
        SHIRT,
        TAIL,
        BOMB,
        "id\ttitle\n",
        "a\tHat\n",
        '"',
        "<item>",
        "</item>",
        "&x;",
        "\u0000",
        "\ufeff",
        "<g:id>",
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join).map(str.encode) | st.binary(max_size=200))
def test_any_file(content: bytes) -> None:
    """Whatever a file holds, nothing is raised and nothing is lost in silence."""
    for one in feed(content):
        sound(one)


@given(st.dictionaries(st.sampled_from(ATTRIBUTES), st.text(max_size=12) | st.sampled_from(["5 EUR", "5", "/", "x" * 300])))
def test_any_item(told: dict[str, str]) -> None:
    """Whatever an item says, nothing is raised and nothing is lost in silence."""
    sound(item(told, as_of=NOW))
