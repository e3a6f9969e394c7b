// Counterclick as a Shopify custom pixel. In the admin: Settings > Customer events > Add custom pixel; paste all of this and
// fill in the two lines below. See docs/connect/shopify.md.
const SERVER = 'https://cc.shop.example/';
const KEY = 'cc_b_KEY';

(function (analytics, browser, init, privacy) {
  'use strict';
  const NAMES = [
    'page_viewed', 'product_viewed', 'collection_viewed', 'search_submitted', 'product_added_to_cart',
    'product_removed_from_cart', 'checkout_started', 'checkout_completed',
    'counterclick:shown', 'counterclick:clicked', 'counterclick:answer', 'counterclick:exposure',
  ];
  // Whatever names a person, and what was searched for, does not leave the browser.
  const PRIVATE = /email|phone|address|^(first|last)name$|^(query|transactions|href|search|referrer|note)$/i;
  let status = init.customerPrivacy;
  let visitor;
  let tries = 20;

  // Without a word of Shopify's about privacy, its own setting has decided whether this script runs.
  function allowed() {
    return !status || status.analyticsProcessingAllowed === true;
  }
  if (privacy && privacy.subscribe) {
    privacy.subscribe('visitorConsentCollected', function (event) {
      status = event.customerPrivacy;
    });
  }

  // The visitor that /cc.js keeps. On the first page it may take a moment; after two seconds Shopify's client id has to do.
  async function known() {
    while (!visitor) {
      visitor = await browser.cookie.get('_cc_visitor');
      if (visitor || tries <= 0) break;
      tries -= 1;
      await new Promise(function (done) { setTimeout(done, 100); });
    }
    return visitor || undefined;
  }

  async function tell(event) {
    if (!allowed()) return;
    const visitorId = await known();
    if (!allowed()) return;
    const seen = event.context || {};
    const envelope = {
      id: event.id, name: event.name, clientId: event.clientId, timestamp: event.timestamp,
      visitorId, customerPrivacy: status, data: event.data, customData: event.customData,
      context: {
        document: { location: { pathname: (((seen.document || {}).location) || {}).pathname } },
        navigator: { userAgent: (seen.navigator || {}).userAgent },
      },
    };
    const body = JSON.stringify({ key: KEY, sent_at: new Date().toISOString(), events: [envelope] }, function (name, value) {
      return PRIVATE.test(name) ? undefined : value;
    });
    const address = SERVER + 'v1/pixel';
    const sent = browser.sendBeacon ? await Promise.resolve(browser.sendBeacon(address, body)).catch(function () {}) : false;
    if (sent === false) fetch(address, { method: 'POST', body, mode: 'no-cors', keepalive: true }).catch(function () {});
  }

  NAMES.forEach(function (name) { analytics.subscribe(name, tell); });
})(analytics, browser, init, typeof customerPrivacy === 'object' ? customerPrivacy : typeof api === 'object' ? api.customerPrivacy : undefined);
