"""What a product is besides its price: ``color=red; material=wool``, written and read in one place.

Names and values are compared without regard to case and to spaces around them.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LONGEST", "attribute", "attributes_read", "attributes_written"]

LONGEST = 2000
"""Characters of the field; attributes that no longer fit are left out whole."""


def attribute(name: str, value: str) -> str:
    """Return one attribute as it is compared.

    >>> attribute(" Color ", "Dark  red")
    'color=dark red'
    """
    return f"{_plain(name)}={_plain(value)}"


def attributes_read(text: str | None) -> frozenset[str]:
    """Return the attributes that a field names; what is no ``name=value`` is passed over.

    >>> sorted(attributes_read("Color=Red; material = wool;; soft"))
    ['color=red', 'material=wool']
    """
    named = (part.partition("=") for part in (text or "").split(";"))
    return frozenset(attribute(name, value) for name, _sign, value in named if name.strip() and value.strip())


def attributes_written(pairs: Iterable[tuple[str, str | None]]) -> str | None:
    """Return the field that names these attributes, each once; None where there are none.

    >>> attributes_written([("color", "red; green"), ("material", None), ("tag", "new")])
    'color=red, green; tag=new'
    """
    kept: dict[str, str] = {}
    for name, value in pairs:
        written = " ".join((value or "").replace(";", ",").split())
        if written:
            kept.setdefault(
                attribute(name, written), f"{' '.join(name.replace(';', ' ').replace('=', ' ').split())}={written}"
            )
    text = ""
    for each in kept.values():
        longer = f"{text}; {each}" if text else each
        if len(longer) <= LONGEST:
            text = longer
    return text or None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
