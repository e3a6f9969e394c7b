// Draws charts with the page's own colours. Without this file every chart still stands on the page in words and numbers.
'use strict';

(() => {
  const axis = {
    labelColor: 'var(--muted)', titleColor: 'var(--ink)', domainColor: 'var(--line)', tickColor: 'var(--line)',
    gridColor: 'var(--grid)', labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal',
  };
  const theme = {
    background: 'transparent',
    font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
    view: { stroke: 'transparent' },
    axis,
    legend: { labelColor: 'var(--ink)', titleColor: 'var(--ink)', labelFontSize: 12 },
    title: { color: 'var(--ink)', subtitleColor: 'var(--muted)', anchor: 'start', fontSize: 13 },
    header: { labelColor: 'var(--ink)', titleColor: 'var(--ink)' },
    text: { color: 'var(--ink)' },
    style: { 'guide-label': { fill: 'var(--muted)' }, 'guide-title': { fill: 'var(--ink)' }, 'group-title': { fill: 'var(--ink)' } },
  };

  // On a phone panels and the entries of a legend stand below each other, panels are smaller, and titles have several lines.
  const lines = (text, most) => (typeof text === 'string' ? text.match(new RegExp(`.{1,${most}}(?:\\s|$)|\\S+`, 'g')) || [] : text);
  const narrow = (part) => {
    if (!part || typeof part !== 'object') return;
    if ('columns' in part) part.columns = 1;
    if (part.legend && typeof part.legend === 'object') part.legend.columns = 1;
    if (part.width > 170) part.width = 170;
    if (part.title && part.title.text) Object.assign(part.title, { text: lines(part.title.text, 32), subtitle: lines(part.title.subtitle || '', 44) });
    for (const [name, inner] of Object.entries(part)) if (name !== 'data' && name !== 'datasets') narrow(inner);
  };

  const draw = async (place) => {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    spec.background = 'transparent';
    if (place.clientWidth < 600) narrow(spec);
    if (spec.config) delete spec.config.background;
    await vegaEmbed(place, spec, {
      config: theme,
      renderer: 'svg',
      actions: false,
      ast: true, // no code is made from texts, so that the page needs no 'unsafe-eval'
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
      loader: { load: () => Promise.reject(new Error('a drawing holds its own numbers')) },
    });
    place.querySelector('svg').setAttribute('aria-hidden', 'true'); // the place says it in words
  };

  const drawAll = async () => {
    const places = [...document.querySelectorAll('[data-spec]')];
    await Promise.all(places.map((place) => draw(place).catch((error) => {
      place.textContent = place.getAttribute('aria-label');
      console.error(error);
    })));
    document.documentElement.dataset.drawn = places.length;
  };

  // While a live form changes, the rest of the page is fetched and shown anew; the form stays, and with it the focus.
  const live = (form) => {
    const main = document.getElementById('main');
    let timer;
    let asked = 0;

    const renew = async () => {
      const own = ++asked;
      const address = `${form.getAttribute('action')}?${new URLSearchParams(new FormData(form))}`;
      const answer = await fetch(address).catch(() => null);
      if (own !== asked) return;
      if (answer && answer.status === 202) { timer = setTimeout(renew, 1000); return; }
      const fresh = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('main');
      const holder = fresh && [...fresh.children].find((each) => each.querySelector('form[data-live]'));
      if (own !== asked) return;
      if (!holder || (fresh.querySelector('[data-spec]') && !window.vegaEmbed)) { location.assign(address); return; }
      const kept = [...main.children].find((each) => each.contains(form));
      const parts = [...fresh.children];
      const place = parts.indexOf(holder);
      for (const each of [...main.children]) if (each !== kept) each.remove();
      kept.before(...parts.slice(0, place));
      kept.after(...parts.slice(place + 1));
      main.querySelector('.conclusion').setAttribute('role', 'status');
      history.replaceState(null, '', address);
      await drawAll();
      document.documentElement.dataset.shown = address;
    };

    form.addEventListener('input', () => {
      for (const output of form.querySelectorAll('output')) output.value = document.getElementById(output.htmlFor).value;
      asked += 1; // an answer that is still under way is no longer wanted
      clearTimeout(timer);
      timer = setTimeout(renew, 120);
    });
  };

  drawAll();
  document.querySelectorAll('form[data-live]').forEach(live);
})();
