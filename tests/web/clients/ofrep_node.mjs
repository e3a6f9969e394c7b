// Asks for flags by @openfeature/ofrep-provider: HOST KEY N; prints visitor -> arm as JSON.
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const [baseUrl, key, n] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [["Authorization", `Bearer ${key}`]] }));
const client = OpenFeature.getClient();
const arms = {};
for (let nth = 0; nth < Number(n); nth++) {
  const found = await client.getStringDetails("cart-bundles", "nobody", { targetingKey: `node-${nth}` });
  arms[`node-${nth}`] = [found.value, found.variant, found.reason];
}
console.log(JSON.stringify(arms));
await OpenFeature.close();
