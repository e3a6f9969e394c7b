// Sends orders by @segment/analytics-node: HOST KEY N.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, n] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host });
let failed = false;
analytics.on("error", (error) => { failed = true; console.error(error); });
for (let nth = 0; nth < Number(n); nth++) {
  const order = { order_id: `segment-node-${nth}`, revenue: 10.5, currency: "EUR", products: [{ product_id: "p1", price: 10.5 }] };
  analytics.track({ anonymousId: "v1", event: "Order Completed", properties: order });
}
await analytics.closeAndFlush();
process.exit(failed ? 1 : 0);
