// Sends orders by @rudderstack/rudder-sdk-node: HOST KEY N.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey, n] = process.argv.slice(2);
const Client = RudderAnalytics.default ?? RudderAnalytics;
const analytics = new Client(writeKey, { dataPlaneUrl });
const sent = [];
for (let nth = 0; nth < Number(n); nth++) {
  const order = { order_id: `rudder-node-${nth}`, revenue: 10.5, currency: "EUR", products: [{ product_id: "p1", price: 10.5 }] };
  const message = { anonymousId: "v1", event: "Order Completed", properties: order };
  sent.push(new Promise((resolve, reject) => { analytics.track(message, (error) => (error ? reject(error) : resolve())); }));
}
analytics.flush();
await Promise.all(sent);
process.exit(0);
