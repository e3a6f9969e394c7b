// Counterclick in a store's pages: who the visitor is, what it gets, what it does. See docs/connect/storefront.md.
(function (w, d) {
  'use strict';
  var tag = d.currentScript || d.querySelector('script[data-key]'), early = w.cc;
  if (!tag || (early && early.runs)) return;
  var set = tag.dataset, base = new URL('.', tag.src).href, COPY = '_cc_visitor', ARM = '_cc_arm_';
  var asks = set.consent === 'ask', allowed = !asks || !!copied() || undefined;
  var queue = [], met = {}, waiting = [], ready, timer, cart, carried, refused, busy;
  // What this tab knows: v(isitor), s(urfaces), x (experiments), a(rms of experiments, for the cart).
  var me = {};
  try { me = JSON.parse(sessionStorage.cc || '{}'); } catch (e) { /* no storage: the server is asked on every page */ }
  if (!allowed || (copied() && copied() !== me.v)) me = {};

  function keep() { try { sessionStorage.cc = JSON.stringify(me); } catch (e) { /* as above */ } }
  function copied() { return (d.cookie.match(/(?:^|; )_cc_visitor=([^;]*)/) || [])[1]; }
  function copy(visitor, seconds) {
    d.cookie = COPY + '=' + visitor + ';path=/;samesite=lax;max-age=' + seconds + (location.protocol === 'https:' ? ';secure' : '');
  }
  function wrap(body) {
    body.key = set.key;
    if (asks && allowed) body.consent = true;
    return JSON.stringify(body);
  }
  // Text, so that no preflight is needed; with cookies, which are the server's own.
  function post(path, body) {
    return fetch(base + path, { method: 'POST', body: wrap(body), credentials: 'include', keepalive: true })
      .then(function (r) {
        if (r.ok) return r.json();
        return r.json().then(function (told) { console.warn('cc.js: ' + told.error); throw r.status; });
      });
  }

  // Waiting for what the visitor gets: true once it is known, false where it is not known in time.
  function when(f) { ready === undefined ? waiting.push(f) : f(ready); }
  function settle(known) { ready = known; waiting.splice(0).forEach(function (f) { f(known); }); }
  function ask(theirs) {
    return post('v1/visitor', { visitor: me.v || copied(), cart: theirs }).then(function (told) {
      if (!allowed) return;
      if (told.visitor !== me.v) me.a = {};
      me.v = told.visitor; me.s = told.surfaces; me.x = told.experiments;
      keep(); copy(me.v, told.seconds); settle(true); flush(); carry();
    });
  }
  function start() {
    if (me.s) settle(true);
    setTimeout(function () { if (ready === undefined) settle(false); }, +set.wait || 1000);
    ask().catch(function () { if (ready === undefined) settle(false); });
  }

  // Events, a moment after each other's; those that could not be sent wait for the next.
  function send(kind, fields) {
    if (allowed === false) return;
    var id = Date.now().toString(36) + Math.random().toString(36).slice(2);
    queue.push(Object.assign({ kind: kind, event_id: id, occurred_at: new Date().toISOString() }, fields));
    clearTimeout(timer); timer = setTimeout(flush, 300);
  }
  function flush(leaving) {
    if (!allowed || !(me.v || leaving === true) || !(queue.length || Object.keys(met).length)) return;
    var body = { visitor: me.v, sent_at: new Date().toISOString(), eligible: met, events: queue.splice(0, 40) };
    met = {};
    if (leaving === true && navigator.sendBeacon && navigator.sendBeacon(base + 'v1/collect', wrap(body))) return flush(true);
    post('v1/collect', body).then(function (told) {
      me.a = Object.assign({}, told.arms, me.a); keep(); carry();
      if (queue.length) flush();
    }, function (status) {
      if (status >= 400 && status < 500) return;  // it will never be taken
      met = Object.assign(body.eligible, met); queue = body.events.concat(queue).slice(-200);
    });
  }

  // Eligible: in every arm alike, where the feature would show, once the arm is known.
  function meet(name, value) { met[name] = value; flush(); }

  // The cart carries visitor and arms into the order; one that tells of another visitor is older than our cookie.
  function carry() {
    if (!cart || !me.v || !allowed || busy) return;
    var wanted = {}, text;
    wanted[COPY] = me.v;
    for (var name in me.a) wanted[ARM + name] = me.a[name];
    text = JSON.stringify(wanted);
    if (text === carried) return;
    busy = true;
    Promise.resolve(cart.read ? cart.read() : {}).then(function (has) {
      has = has || {};
      var theirs = has[COPY];
      if (theirs && theirs !== me.v && theirs !== refused) return ask(theirs).then(function () { refused = theirs; });
      carried = text;
      for (var name in wanted) if (has[name] !== wanted[name]) return cart.write(wanted);
    }).then(function () { busy = false; carry(); }, function () { busy = false; carried = ''; });
  }
  var root = w.Shopify && ((w.Shopify.routes || {}).root || '/');
  if (root) cart = {
    add: function (item) { return json('cart/add.js', { items: [item] }); },
    read: function () { return fetch(root + 'cart.js').then(function (r) { return r.json(); }).then(function (c) { return c.attributes; }); },
    write: function (attributes) { return json('cart/update.js', { attributes: attributes }); }
  };
  function json(path, body) {
    return fetch(root + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }

  // Gates: hidden at once, shown where the feature is on or nobody knows; watched in both arms alike.
  function gate(surface, how) {
    how = how || {};
    var late = early && early.late, style = d.getElementById('cc-' + surface);
    if (how.selector && !style && !late) {
      style = d.createElement('style'); style.id = 'cc-' + surface;
      style.textContent = how.selector + '{display:none!important}';
      (d.head || d.documentElement).appendChild(style);
    }
    if (how.selector) present(how.selector, function (element) { watch(surface, element); });
    if (late) return;
    when(function (known) {
      var on = known ? me.s[surface] : undefined;
      if (on !== false) { if (style) style.remove(); load(how); }
      if (on === undefined) return;
      if (how.selector && !how.script && !how.tag) present(how.selector, function () { meet(surface, on); });
      else meet(surface, on);
    });
  }
  function load(how) {
    if (!how.script && !how.tag) return;
    var real = d.createElement('script'), old = how.tag;
    if (old) [].forEach.call(old.attributes, function (a) { if (a.name !== 'type') real.setAttribute(a.name, a.value); });
    else { real.src = how.script; real.async = true; }
    if (old) { real.text = old.text; old.replaceWith(real); } else d.head.appendChild(real);
  }
  function present(selector, f) {
    var seen = d.querySelector(selector), look;
    if (seen) return f(seen);
    look = new MutationObserver(function () { if ((seen = d.querySelector(selector))) { look.disconnect(); f(seen); } });
    look.observe(d.documentElement, { childList: true, subtree: true });
  }
  function watch(surface, element) {
    if (!w.IntersectionObserver) return;
    var eye = new IntersectionObserver(function (found) {
      if (found.some(function (f) { return f.isIntersecting; })) { eye.disconnect(); send('view_item_list', { surface: surface, items: [] }); }
    });
    eye.observe(element);
  }
  function tagged() {
    d.querySelectorAll('script[type="text/plain"][data-cc-surface]:not([data-cc-seen])').forEach(function (old) {
      old.dataset.ccSeen = ''; gate(old.dataset.ccSurface, { tag: old, selector: old.dataset.ccSelector });
    });
  }

  var verbs = {
    consent: function (yes) {
      var before = allowed;
      allowed = !!yes;
      if (allowed && !before) return start();
      if (allowed) return;
      if (before) post('v1/visitor', { consent: false }).catch(function () {});
      queue = []; met = {}; me = {}; copy('', 0); keep(); settle(false);
      d.querySelectorAll('style[id^="cc-"]').forEach(function (s) { s.remove(); });
    },
    flag: function (name, f) {
      when(function (known) {
        var value = known ? (name in me.x ? me.x[name] : me.s[name]) : undefined;
        if (value !== undefined) meet(name, value);
        f(value);
      });
    },
    // What a surface offers this visitor, and a line of the cart that says which decision it comes of.
    decide: function (surface, asked, f) {
      when(function (known) {
        if (!known) return f();
        post('v1/offers', Object.assign({ visitor: me.v, surface: surface }, asked)).then(function (told) {
          me.a = Object.assign({}, told.arms, me.a); keep(); carry();
          return told;
        }).catch(function () {}).then(f);
      });
    },
    take: function (decision, item, f) {
      var marked = Object.assign({}, item.properties, decision && decision.mark);
      Promise.resolve(cart.add(Object.assign({ quantity: 1 }, item, { properties: marked }))).then(f);
    },
    visitor: function (f) { when(function () { f(me.v); }); },
    cart: function (io) { cart = io; carried = ''; carry(); },
    gate: gate
  };
  function cc(verb) {
    var rest = [].slice.call(arguments, 1);
    (verbs[verb] || function (fields) { send(verb, fields); }).apply(null, rest);
  }
  cc.runs = true;
  w.cc = cc;
  if (allowed) start(); else settle(false);
  if (set.pages !== 'off') send('page_view', { page: location.pathname });
  ((early && early.q) || []).forEach(function (call) { cc.apply(null, call); });
  tagged();
  d.addEventListener('DOMContentLoaded', tagged);
  d.addEventListener('visibilitychange', function () { if (d.visibilityState === 'hidden') flush(true); });
  w.addEventListener('pagehide', function () { flush(true); });
})(window, document);
