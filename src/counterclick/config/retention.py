"""``[retention]``: after how many days events of a kind are erased; those of kinds that are not named stay."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["RetentionConfig"]

Days = Annotated[int, Meta(ge=1, le=36_500)] | None


class RetentionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[retention]``: kind of event -> days that it is kept, counted from when it occurred, in whole days of the shop.

    The catalogue, declarations of experiments and looks have no age: figures and verdicts rest on them.

    Attributes:
        page_view: see the vocabulary for this and the following kinds.
        rejection: refused events.
    """

    page_view: Days = None
    view_item_list: Days = None
    select_item: Days = None
    view_item: Days = None
    add_to_cart: Days = None
    remove_from_cart: Days = None
    begin_checkout: Days = None
    purchase: Days = None
    refund: Days = None
    assistant_answer: Days = None
    message_sent: Days = None
    message_opened: Days = None
    message_clicked: Days = None
    exposure: Days = None
    decision: Days = None
    claim: Days = None
    identify: Days = None
    reassigned: Days = None
    rejection: Days = None

    @property
    def days(self) -> dict[str, int]:
        """Kind -> days, of the kinds that are named."""
        return {str(kind): int(days) for kind, days in msgspec.structs.asdict(self).items() if days is not None}
