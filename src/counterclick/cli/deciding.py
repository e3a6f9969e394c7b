"""Asking what a surface shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say
from counterclick.errors import InputError
from counterclick.shapes import from_json

if TYPE_CHECKING:
    from counterclick.decisions import CartLine

__all__ = ["decide"]

_CART = (
    'Products in the cart; of one, more may be told: \'{"product": "shirt", "size": "M", "quantity": 2, "price": 39.9}\'.'
)


def decide(
    surface: str,
    /,
    *,
    visitor: str,
    cart: Annotated[list[str] | None, Parameter(help=_CART)] = None,
    most: Annotated[int, Parameter(help="Offers wanted at most.")] = 3,
    customer: Annotated[str | None, Parameter(help="Who is signed in.")] = None,
    payment: Annotated[str | None, Parameter(help="How it will be paid.")] = None,
    candidates: Annotated[
        list[str] | None, Parameter(help="Products to be put in order, as they came.", consume_multiple=True)
    ] = None,
    query: Annotated[str | None, Parameter(help="What was searched for.")] = None,
    category: Annotated[str | None, Parameter(help="Whose page it is.")] = None,
    decision_id: Annotated[
        str | None, Parameter(help="Asked again with the same, the answer is the same for a day.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Ask what a surface shows a visitor; records that the visitor was eligible."""
    lines = [_line(each) for each in cart or ()]
    with opened(common) as shop:
        found = shop.decide(
            surface,
            visitor,
            cart=lines,
            most=most,
            customer=customer,
            payment=payment,
            candidates=candidates or (),
            query=query,
            category=category,
            decision_id=decision_id,
        )
        say(found, as_json=common.json)
    return 0


def _line(said: str) -> str | CartLine:
    """Return a product, or what an object says of it.

    Raises:
        InputError: it begins like an object, and is none.
    """
    if not said.startswith("{"):
        return said
    from counterclick.decisions import CartLine

    try:
        return from_json(said, CartLine)
    except msgspec.MsgspecError as error:
        known = ", ".join(CartLine.__struct_fields__)
        raise InputError(f"a line of the cart is a product, or an object with {known}: {error}.") from error
