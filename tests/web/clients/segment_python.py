"""Sends orders by segment-analytics-python: HOST KEY N."""

import sys

from segment import analytics

analytics.host, analytics.write_key, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
failures = []
analytics.on_error = lambda error, _items: failures.append(error)
for nth in range(n):
    order = {
        "order_id": f"segment-python-{nth}",
        "revenue": 10.5,
        "currency": "EUR",
        "products": [{"product_id": "p1", "price": 10.5}],
    }
    analytics.track(anonymous_id="v1", event="Order Completed", properties=order)
    analytics.page(anonymous_id="v1", name="Cart", properties={"path": "/cart"})
analytics.shutdown()
sys.exit(str(failures) if failures else 0)
