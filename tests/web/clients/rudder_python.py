"""Sends orders by rudder-sdk-python: HOST KEY N."""

import sys

from rudderstack import analytics

analytics.dataPlaneUrl, analytics.write_key, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
failures = []
analytics.on_error = lambda error, _items: failures.append(error)
for nth in range(n):
    order = {
        "order_id": f"rudder-python-{nth}",
        "revenue": 10.5,
        "currency": "EUR",
        "products": [{"product_id": "p1", "price": 10.5}],
    }
    analytics.track(user_id="c1", anonymous_id="v1", event="Order Completed", properties=order)
analytics.shutdown()
sys.exit(str(failures) if failures else 0)
