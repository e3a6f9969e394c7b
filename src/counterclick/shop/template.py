"""The ``shop.toml`` that `counterclick init` writes."""

from __future__ import annotations

__all__ = ["TEMPLATE"]

TEMPLATE = """\
# What this shop declares. The event log and this file are everything; keep it under version control:
# what an experiment is judged by stands here before it starts.

[shop]
currency = "EUR"                  # all figures are in it (ISO 4217)
timezone = "Europe/Berlin"        # in which days, weeks and months begin
store = ".counterclick"           # folder of the events, relative to this file
# rates = "rates.csv"             # day,from,to,rate - needed if amounts come in other currencies
# margin_rate = 0.4               # share of revenue left after the cost of goods, where unit costs are not sent
# returns_window = "30d"          # after which an order's returns have matured
# allowance = "2d"                # how late events may arrive

[attribution]                     # who may claim an order: a rule of credit, never an effect
rule = "first_touch"
window = "24h"
helpful_only = true               # an answer counts if it matched a product, was not escalated, was no "don't know"

[surfaces.cart]                   # every place where the shop speaks to a buyer
tuned_on = "units_per_order"      # the metric that it is optimised for
monthly_cost = 299                # the break-even lift is reckoned from it

[experiments.cart-bundles]
surface = "cart"
control = "bestsellers"           # a variant is a policy: compare a feature with a static rule, not with nothing
variants = { bestsellers = 0.5, bundles = 0.5 }
outcome = "revenue_per_visitor"
window = "7d"                     # orders count that follow a visitor's first eligibility within it
guardrails = { margin_per_visitor = 0.03 }   # not worse by more than 3 %
starts_on = 2026-03-02
ends_on = 2026-04-26              # whole weeks, two at least

# [holdout]                       # visitors who get no AI surface at all: what is all of it worth?
# share = 0.1
# starts_on = 2026-03-02
# ends_on = 2026-06-28

# [onoff.search]                  # what cannot be shown to half of the visitors is switched on and off for everyone
# starts_on = 2026-03-02
# weeks = 16
# block = "7d"                    # `counterclick onoff plan search` advises one

# [serve]                         # pages that may speak to `counterclick serve` (docs/connect/storefront.md)
# origins = ["https://shop.example"]

# Files in other words than the vocabulary's are read through a mapping: SQL expressions over their columns.
# [tables.orders]
# file = "orders*.csv"
# skip = [{ named = "test orders", where = "email LIKE '%@example.com'" }]
# [[tables.orders.events]]
# kind = "purchase"
# group_by = ["order_number"]
# fields = { order_id = "order_number", occurred_at = "CAST(created AS TIMESTAMP)", customer_id = "customer" }
# lines = { product_id = "sku", quantity = "CAST(qty AS INTEGER)", unit_price = "CAST(price AS DECIMAL(18,4))" }
"""
