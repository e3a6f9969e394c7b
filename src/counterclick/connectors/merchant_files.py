"""A product feed as a stream of items: RSS 2.0 or Atom with Google's namespace, or TSV.

Memory holds one piece of the file and the item at hand, however long the feed is. A document type is refused: no feed
needs one, and it is what declares the entities by which a small file becomes an endless one.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

__all__ = ["ATTRIBUTES", "UnreadableFeedError", "items_of"]

ATTRIBUTES = (
    *("id", "title", "price", "sale_price", "sale_price_effective_date", "item_group_id", "cost_of_goods_sold"),
    *("product_type", "google_product_category", "size", "availability", "quantity", "sell_on_google_quantity"),
    *("brand", "color", "material", "pattern", "gender", "age_group", "condition"),
    *(f"custom_label_{n}" for n in range(5)),
)
"""What is read of an item; nothing else is kept."""
NAMESPACE = "http://base.google.com/ns/1.0"
_PLAIN = ("", "http://www.w3.org/2005/Atom")
"""Namespaces in which an item may also state its title and id; Google's go before them."""
_PIECE = 1 << 16
LONGEST_VALUE = 10_000
"""Characters of an attribute that are kept; Google's own limits are far below."""
LONGEST_LINE = 1 << 20
"""Characters of a line of TSV; a longer one is no line."""
_ITEMS = ("item", "entry")


class UnreadableFeedError(ValueError):
    """The rest of the feed cannot be read."""


def items_of(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """Yield the items of a feed, each as its attributes in Google's names without prefix.

    Raises:
        UnreadableFeedError: it is neither XML nor TSV, or stops being so.
    """
    first = stream.read(_PIECE)
    encoding = "utf-16" if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    is_xml = first.decode(encoding, errors="replace").lstrip().startswith("<")
    yield from _from_xml(first, stream) if is_xml else _from_tsv(first, stream, encoding)


class _Reader:
    """Listens to expat, and collects what stands directly inside of an item."""

    def __init__(self) -> None:
        self.done: list[dict[str, str]] = []
        self.n_items = 0
        self._item: dict[str, str] | None = None
        self._depth = 0
        self._name: str | None = None
        self._text: list[str] = []
        self._length = 0

    def starts(self, name: str, _attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if self._item is None:
            if local in _ITEMS:
                self._item, self._depth = {}, 0
            return
        self._depth += 1
        ours = space == NAMESPACE or (space in _PLAIN and local in ("title", "id"))
        known = ours and self._depth == 1 and local in ATTRIBUTES
        self._name = name if known else None
        self._text, self._length = [], 0

    def says(self, text: str) -> None:
        if self._name is not None and self._length < LONGEST_VALUE:
            self._text.append(text)
            self._length += len(text)

    def ends(self, name: str) -> None:
        if self._item is None:
            return
        if self._depth == 0:
            self.done.append(self._item)
            self.n_items += 1
            self._item = None
            return
        self._depth -= 1
        if self._name == name:
            space, _, local = name.rpartition(" ")
            value = "".join(self._text)[:LONGEST_VALUE].strip()
            if space == NAMESPACE or local not in self._item:
                self._item[local] = value
        self._name = None

    def declares(self, *_: object) -> None:
        raise UnreadableFeedError("a feed must not declare a document type or entities")


def _from_xml(first: bytes, stream: BinaryIO) -> Iterator[dict[str, str]]:
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.starts
    parser.EndElementHandler = reader.ends
    parser.CharacterDataHandler = reader.says
    parser.StartDoctypeDeclHandler = reader.declares
    parser.EntityDeclHandler = reader.declares
    piece = first
    try:
        while True:
            parser.Parse(piece, not piece)
            yield from reader.done
            reader.done = []
            if not piece:
                break
            piece = stream.read(_PIECE)
    except (expat.ExpatError, LookupError, ValueError) as error:
        yield from reader.done
        if isinstance(error, UnreadableFeedError):
            raise
        raise UnreadableFeedError(f"it is not well-formed XML: {error}") from error
    if not reader.n_items:
        raise UnreadableFeedError("it holds no item")


def _from_tsv(first: bytes, stream: BinaryIO, encoding: str) -> Iterator[dict[str, str]]:
    rows = csv.reader(_lines(first, stream, encoding), delimiter="\t", strict=False)
    names: list[str] | None = None
    try:
        for row in rows:
            if names is None:
                names = [_attribute(cell) for cell in row]
                if "id" not in names:
                    raise UnreadableFeedError("its first line must name the columns, id among them, with tabs between them")
            elif any(cell.strip() for cell in row):
                told = zip(names, row, strict=False)
                yield {name: value[:LONGEST_VALUE].strip() for name, value in told if name in ATTRIBUTES}
    except csv.Error as error:
        raise UnreadableFeedError(f"it is not TSV: {error}") from error
    if names is None:
        raise UnreadableFeedError("it is empty")


def _lines(first: bytes, stream: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    piece, rest = first, ""
    while piece:
        rest += decoder.decode(piece)
        *lines, rest = rest.split("\n")
        if len(rest) > LONGEST_LINE:
            raise UnreadableFeedError(f"a line is longer than {LONGEST_LINE:,} characters")
        for line in lines:
            yield line + "\n"
        piece = stream.read(_PIECE)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def _attribute(cell: str) -> str:
    """Return a column's name as Google's: ``g:item_group_id`` and ``item group id`` are the same."""
    return "_".join(cell.strip().lower().removeprefix("g:").split())
