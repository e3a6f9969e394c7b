"""Numbers, amounts and days as the shop's readers write them."""

from __future__ import annotations

import math
import re
from copy import copy
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime, format_skeleton
from babel.localedata import exists
from babel.numbers import format_currency, format_decimal, format_percent

from counterclick.config import ShopConfig

__all__ = ["Speech", "locale_of"]

_CENTS_BELOW = 1_000
_DIGITS = 400
"""Of the longest number that is written: those of a float may be 309 before the point."""
_LONGEST = 60
"""Characters of a number within a sentence; longer ones stay as they are."""
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_QUOTED = re.compile(r'(`[^`]*`|\b[a-z_]+ = (?:"[^"]*"|\[[^\]]*\]|\{[^}]*\}|[\w.:+-]*\w))')
"""What a sentence quotes, which is to be written into a file as it stands."""
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


def locale_of(shop: ShopConfig) -> str:
    """Return the locale of a shop's pages: as declared, else English as it is written where the shop's time zone is.

    Args:
        shop: ``[shop]``.
    """
    if shop.locale is not None:
        return shop.locale
    territories: dict[str, str] = get_global("zone_territories")  # type: ignore[assignment]  # of this name it is one
    found = f"en_{territories.get(shop.timezone, '')}"
    return found if exists(found) else "en"


class Speech:
    """How a shop's pages write numbers.

    Args:
        shop: ``[shop]``: its currency, time zone and locale.
    """

    def __init__(self, shop: ShopConfig) -> None:
        self.currency = shop.currency
        self.locale = Locale.parse(locale_of(shop).replace("-", "_"))
        self.zone = ZoneInfo(shop.timezone)

    def of(self, currency: str) -> Speech:
        """Return the same for amounts in another currency.

        Args:
            currency: its code.
        """
        other = copy(self)
        other.currency = currency
        other.__dict__.pop("_numbers", None)
        return other

    def money(self, value: float | Decimal) -> str:
        """Return an amount in the shop's currency; cents only below 1,000."""
        if math.isinf(float(value)):
            return "unlimited"
        digits = ".00" if abs(float(value)) < _CENTS_BELOW else ""
        with localcontext(prec=_DIGITS):
            return format_currency(
                value, self.currency, f"¤¤ #,##0{digits};-¤¤ #,##0{digits}", locale=self.locale, currency_digits=False
            )

    def count(self, value: float) -> str:
        """Return a number without decimals."""
        return self._decimal(value, "#,##0")

    def percent(self, value: float, digits: int = 1) -> str:
        """Return a fraction as a percentage."""
        if math.isinf(value):
            return "unlimited"
        with localcontext(prec=_DIGITS):
            return format_percent(value, f"#,##0.{'0' * digits} %" if digits else "#,##0 %", locale=self.locale)

    def number(self, value: float) -> str:
        """Return a number with three digits after the point at most."""
        return self._decimal(value, "#,##0.###")

    def signed(self, value: float, digits: int = 1) -> str:
        """Return a relative change with its sign; what rounds to zero has none."""
        if not math.isfinite(value):
            return "unlimited"
        shown = self.percent(value, digits)
        if not any(int(each) for each in shown if each.isdecimal()):
            return self.percent(0.0, digits)
        return f"{'+' if value > 0 else ''}{shown}"

    def day(self, day: date) -> str:
        """Return a day."""
        return self._apart(format_date(day, "medium", locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """Return whole days from a first to a last one."""
        return f"{self.day(first)} \N{EN DASH} {self.day(last)}"

    def month(self, day: date) -> str:
        """Return the month in which a day lies."""
        return self._apart(format_skeleton("yMMMM", day, locale=self.locale))

    def moment(self, moment: datetime) -> str:
        """Return a moment in the shop's time zone, to the minute."""
        return self._apart(format_datetime(moment.astimezone(self.zone), "d MMM y HH:mm", locale=self.locale))

    def _apart(self, text: str) -> str:
        """Return what is written from right to left so that the English around it does not mix with it."""
        is_mixed = self.locale.character_order == "right-to-left"
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if is_mixed else text

    def clock(self, moment: datetime) -> str:
        """Return the time of day of a moment."""
        return format_datetime(moment.astimezone(self.zone), "HH:mm", locale=self.locale)

    def text(self, said: str) -> str:
        """Return a sentence or a cell of a result with its amounts, shares and days as they are written here.

        Args:
            said: as `counterclick.display` writes it: ``EUR 1,234.50``, ``12.3 %``, ``2026-03-01``. What is quoted from
                a file or a command stays as it is: between backticks, and a setting with its value (``share = 0.1``).
        """
        parts = _QUOTED.split(said)
        parts[::2] = [_DATE.sub(self._date, self._numbers.sub(self._number, part)) for part in parts[::2]]
        return "".join(parts)

    @cached_property
    def _numbers(self) -> re.Pattern[str]:
        return re.compile(
            rf"(?<![\w.,-])(?P<before>-?{self.currency} |[+-]?)(?P<number>{_NUMBER})(?P<after> %)?(?![\w.,-]*\w)"
        )

    def _number(self, found: re.Match[str]) -> str:
        number = found["number"]
        if (
            len(number) > _LONGEST
            or not re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?|\d+(\.\d+)?", number)
            or re.fullmatch(r"(19|20)\d\d", number)
        ):
            return found[0]
        digits = len(number.partition(".")[2])
        pattern = f"#,##0.{'0' * digits}" if digits else ("#,##0" if "," in number else "0")
        return f"{found['before']}{self._decimal(Decimal(number.replace(',', '')), pattern)}{found['after'] or ''}"

    def _decimal(self, value: float | Decimal, pattern: str) -> str:
        """Return a number of whatever length."""
        with localcontext(prec=_DIGITS):
            return format_decimal(value, pattern, locale=self.locale)

    def _date(self, found: re.Match[str]) -> str:
        try:
            return self.day(date(int(found[1]), int(found[2]), int(found[3])))
        except ValueError:
            return found[0]
