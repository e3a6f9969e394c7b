"""A shop of three months: three orders in Berlin's February, one before and one after, and what tools claim of them."""

from __future__ import annotations

from builders import Event, click, event, purchase

TOML = """
[shop]
timezone = "Europe/Berlin"
[surfaces.cart]
monthly_cost = 100
[surfaces.email]
claimed_by = ["mailer"]
"""


def claim(tool: str, amount: float, at: str, **fields: str) -> Event:
    return event("claim", at, claimant=tool, amount=amount, **fields)


ORDERS = (
    purchase("v4", 500, "2026-01-20T10:00", order="january"),
    click("v1", at="2026-01-31T22:50"),
    purchase("v1", 60, "2026-01-31T23:10", order="first"),  # 00:10 on 1 February in Berlin
    click("v2", at="2026-02-10T09:00"),
    purchase("v2", 40, "2026-02-10T10:00", order="second"),
    purchase("v3", 100, "2026-02-20T10:00", order="third"),
    purchase("v5", 900, "2026-03-02T10:00", order="march"),
)
CLAIMS = (
    claim("mailer", 100, "2026-03-03T10:00", order_id="third"),
    claim("mailer", 500, "2026-03-03T10:00", order_id="january"),
    claim("mailer", 7, "2026-02-05T10:00", order_id="nobody's"),
    claim("mailer", 9, "2026-03-05T10:00", order_id="nobody's either"),
    claim("ads", 300, "2026-01-31T23:00", period_ends_at="2026-02-28T23:00:00Z"),
    claim("ads", 90, "2026-02-20T23:00", period_ends_at="2026-03-05T23:00:00Z"),
)
