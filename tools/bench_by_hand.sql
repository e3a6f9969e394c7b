-- What the audit computes, as an analyst would write it by hand for this very shop: one pass for each question, with
-- temporary tables where a result is used again. It knows the simulated shop's dates, window and currency, handles no
-- second currency, no order without lines, and no catalogue that is missing.

CREATE TEMP TABLE bought AS
SELECT * EXCLUDE (nth) FROM (
    SELECT order_id, visitor_id, customer_id, occurred_at, lines, value, discount,
        row_number() OVER (PARTITION BY order_id ORDER BY occurred_at, event_id) AS nth
    FROM events WHERE kind = 'purchase'
) WHERE nth = 1;

CREATE TEMP TABLE who AS
SELECT visitor_id, customer_id FROM (
    SELECT visitor_id, customer_id, row_number() OVER (PARTITION BY visitor_id ORDER BY occurred_at, event_id) AS nth
    FROM events WHERE kind IN ('identify', 'purchase') AND visitor_id IS NOT NULL AND customer_id IS NOT NULL
) WHERE nth = 1;

CREATE TEMP TABLE order_lines AS
SELECT order_id, line.product_id AS product_id, line.quantity AS quantity,
    line.quantity * line.unit_price AS listed, line.quantity * line.unit_cost AS cost,
    (value * line.quantity * line.unit_price / sum(line.quantity * line.unit_price) OVER (PARTITION BY order_id))
        ::DECIMAL(18, 4) AS revenue
FROM (SELECT order_id, value, unnest(lines) AS line FROM bought);

CREATE TEMP TABLE orders AS
WITH sums AS (
    SELECT order_id, sum(quantity) AS units, sum(cost) AS cost FROM order_lines GROUP BY order_id
), prices AS (
    SELECT order_id, product_id, sum(revenue) AS revenue, sum(quantity) AS units FROM order_lines GROUP BY ALL
), refunded AS (
    SELECT event_id, order_id, occurred_at, refund_kind, amount, len(lines) AS n_lines, line
    FROM events LEFT JOIN LATERAL (SELECT unnest(lines) AS line) ON true WHERE kind = 'refund'
), back AS (
    SELECT r.order_id,
        sum(CASE WHEN r.amount IS NOT NULL THEN r.amount
            WHEN r.line IS NULL THEN b.value
            ELSE coalesce(r.line.quantity * r.line.unit_price, r.line.quantity * p.revenue / p.units) END)
            ::DECIMAL(18, 4) AS amount,
        sum(CASE WHEN r.amount IS NOT NULL THEN r.amount
            WHEN r.line IS NULL THEN b.value
            ELSE coalesce(r.line.quantity * r.line.unit_price, r.line.quantity * p.revenue / p.units) END)
            FILTER (WHERE epoch(r.occurred_at) - epoch(b.occurred_at) <= 30 * 86400)::DECIMAL(18, 4) AS matured
    FROM refunded AS r JOIN bought AS b USING (order_id)
    LEFT JOIN prices AS p ON p.order_id = r.order_id AND p.product_id = r.line.product_id
    GROUP BY r.order_id
)
SELECT b.order_id, b.visitor_id, coalesce(b.customer_id, who.customer_id) AS customer_id,
    coalesce('c:' || coalesce(b.customer_id, who.customer_id), 'v:' || b.visitor_id) AS person_id,
    b.occurred_at AS ordered_at, b.value AS revenue, s.units, b.value - s.cost AS margin,
    b.value - least(coalesce(back.amount, 0), b.value) AS net_revenue,
    b.value - least(coalesce(back.matured, 0), b.value) AS matured_net_revenue
FROM bought AS b LEFT JOIN who USING (visitor_id) LEFT JOIN sums AS s USING (order_id) LEFT JOIN back USING (order_id);

CREATE TEMP TABLE catalogue AS SELECT DISTINCT product_id FROM events WHERE kind = 'product';

CREATE TEMP TABLE interactions AS
WITH helpful AS (
    SELECT DISTINCT event_id FROM (
        SELECT event_id, unnest(matched_products) AS product_id FROM events
        WHERE kind = 'assistant_answer' AND NOT coalesce(escalated, false) AND NOT coalesce(could_not_answer, false)
    ) SEMI JOIN catalogue USING (product_id)
)
SELECT e.event_id, e.surface, e.occurred_at,
    coalesce('c:' || coalesce(e.customer_id, who.customer_id), 'v:' || e.visitor_id) AS person_id,
    e.kind IN ('select_item', 'message_clicked') OR h.event_id IS NOT NULL AS is_touch
FROM events AS e LEFT JOIN helpful AS h USING (event_id) LEFT JOIN who USING (visitor_id)
WHERE e.kind IN ('assistant_answer', 'select_item', 'message_clicked', 'message_opened');

CREATE TEMP TABLE claimed AS
SELECT DISTINCT o.order_id, i.surface, o.revenue FROM orders AS o JOIN interactions AS i
ON o.person_id = i.person_id AND i.occurred_at < o.ordered_at AND i.occurred_at >= o.ordered_at - INTERVAL 7 DAY
LEFT JOIN (
    SELECT min(o.ordered_at) AS first, max(o.ordered_at) AS last FROM events AS e JOIN orders AS o USING (order_id)
    WHERE e.kind = 'claim' AND e.claimant = 'mailer'
) AS told ON i.surface = 'email' AND o.ordered_at BETWEEN told.first AND told.last
WHERE told.first IS NULL
UNION ALL
SELECT e.order_id, 'email', max(e.amount) FROM events AS e JOIN orders AS o USING (order_id)
WHERE e.kind = 'claim' AND e.claimant = 'mailer' GROUP BY e.order_id;

CREATE TEMP TABLE credited AS
SELECT order_id, surface, revenue FROM (
    SELECT o.order_id, i.surface, o.revenue,
        row_number() OVER (PARTITION BY o.order_id ORDER BY i.occurred_at, i.event_id) AS nth
    FROM orders AS o JOIN interactions AS i
    ON o.person_id = i.person_id AND i.occurred_at < o.ordered_at AND i.occurred_at >= o.ordered_at - INTERVAL 24 HOUR
    WHERE i.is_touch
) WHERE nth = 1;

CREATE TEMP TABLE exposed AS
SELECT experiment, visitor_id, arg_min(variant, (occurred_at, event_id)) AS variant, min(occurred_at) AS exposed_at,
    count(DISTINCT variant) AS n_variants
FROM events WHERE kind = 'exposure'
GROUP BY experiment, visitor_id
HAVING min(occurred_at) >= getvariable('begins') AND min(occurred_at) < getvariable('ends');

CREATE TEMP TABLE sole AS
SELECT experiment, customer_id, CASE WHEN count(*) = 1 THEN min(visitor_id) END AS visitor_id
FROM exposed JOIN who USING (visitor_id) GROUP BY experiment, customer_id;

CREATE TEMP TABLE assigned AS
SELECT names.experiment, o.* EXCLUDE (visitor_id), coalesce(e.visitor_id, s.visitor_id) AS visitor_id
FROM orders AS o CROSS JOIN (SELECT DISTINCT experiment FROM exposed) AS names
LEFT JOIN exposed AS e ON e.experiment = names.experiment AND e.visitor_id = o.visitor_id
LEFT JOIN sole AS s ON s.experiment = names.experiment AND s.customer_id = o.customer_id
WHERE coalesce(e.visitor_id, s.visitor_id) IS NOT NULL;

CREATE TEMP TABLE visitor_values AS
SELECT e.experiment, e.variant, e.visitor_id, (e.exposed_at AT TIME ZONE 'Europe/Berlin')::DATE AS entry_on,
    coalesce(sum(a.revenue) FILTER (WHERE inside)::DOUBLE, 0) AS revenue,
    least(count(*) FILTER (WHERE inside), 1)::DOUBLE AS buyers,
    (count(*) FILTER (WHERE inside))::DOUBLE AS orders,
    coalesce(sum(a.units) FILTER (WHERE inside)::DOUBLE, 0) AS units,
    coalesce(sum(a.net_revenue) FILTER (WHERE inside)::DOUBLE, 0) AS net_revenue,
    coalesce(sum(a.margin) FILTER (WHERE inside)::DOUBLE, 0) AS margin,
    coalesce(sum(a.revenue) FILTER (WHERE inside AND a.ordered_at < e.exposed_at + INTERVAL 24 HOUR)::DOUBLE, 0) AS day,
    coalesce(sum(a.revenue) FILTER (WHERE a.ordered_at < e.exposed_at
        AND a.ordered_at >= e.exposed_at - INTERVAL 28 DAY)::DOUBLE, 0) AS pre,
    coalesce(sum(a.matured_net_revenue) FILTER (WHERE inside)::DOUBLE, 0) AS matured
FROM exposed AS e LEFT JOIN (
    SELECT assigned.*, assigned.ordered_at >= x.exposed_at AND assigned.ordered_at < x.exposed_at + INTERVAL 7 DAY AS inside
    FROM assigned JOIN exposed AS x USING (experiment, visitor_id)
) AS a ON a.experiment = e.experiment AND a.visitor_id = e.visitor_id
GROUP BY e.experiment, e.variant, e.visitor_id, e.exposed_at;

CREATE TEMP TABLE moments AS
SELECT experiment, variant, entry_on, count(*) AS n,
    sum(revenue) AS s_revenue, sum(buyers) AS s_buyers, sum(orders) AS s_orders, sum(units) AS s_units,
    sum(net_revenue) AS s_net, sum(margin) AS s_margin, sum(day) AS s_day, sum(pre) AS s_pre, sum(matured) AS s_matured,
    sum(revenue * revenue) AS p_revenue_revenue, sum(revenue * buyers) AS p_1, sum(revenue * orders) AS p_2,
    sum(revenue * units) AS p_3, sum(revenue * net_revenue) AS p_4, sum(revenue * margin) AS p_5,
    sum(revenue * day) AS p_6, sum(revenue * pre) AS p_7, sum(revenue * matured) AS p_8,
    sum(buyers * buyers) AS p_9, sum(buyers * orders) AS p_10, sum(buyers * units) AS p_11,
    sum(buyers * net_revenue) AS p_12, sum(buyers * margin) AS p_13, sum(buyers * day) AS p_14,
    sum(buyers * pre) AS p_15, sum(buyers * matured) AS p_16, sum(orders * orders) AS p_17,
    sum(orders * units) AS p_18, sum(orders * net_revenue) AS p_19, sum(orders * margin) AS p_20,
    sum(orders * day) AS p_21, sum(orders * pre) AS p_22, sum(orders * matured) AS p_23, sum(units * units) AS p_24,
    sum(units * net_revenue) AS p_25, sum(units * margin) AS p_26, sum(units * day) AS p_27, sum(units * pre) AS p_28,
    sum(units * matured) AS p_29, sum(net_revenue * net_revenue) AS p_30, sum(net_revenue * margin) AS p_31,
    sum(net_revenue * day) AS p_32, sum(net_revenue * pre) AS p_33, sum(net_revenue * matured) AS p_34,
    sum(margin * margin) AS p_35, sum(margin * day) AS p_36, sum(margin * pre) AS p_37, sum(margin * matured) AS p_38,
    sum(day * day) AS p_39, sum(day * pre) AS p_40, sum(day * matured) AS p_41, sum(pre * pre) AS p_42,
    sum(pre * matured) AS p_43, sum(matured * matured) AS p_44
FROM visitor_values GROUP BY experiment, variant, entry_on;

CREATE TEMP TABLE amounts AS
SELECT experiment, variant, revenue FROM visitor_values WHERE revenue > 0;

CREATE TEMP TABLE several AS
SELECT experiment, count(*) AS n, count(*) FILTER (WHERE n_variants > 1) AS n_several FROM exposed GROUP BY experiment;

CREATE TEMP TABLE unmatched AS
SELECT names.experiment, count(*) AS n, sum(o.revenue) AS revenue
FROM orders AS o CROSS JOIN (SELECT DISTINCT experiment FROM exposed) AS names
LEFT JOIN exposed AS e ON e.experiment = names.experiment AND e.visitor_id = o.visitor_id
LEFT JOIN sole AS s ON s.experiment = names.experiment AND s.customer_id = o.customer_id
LEFT JOIN (SELECT DISTINCT customer_id FROM who) AS seen ON seen.customer_id = o.customer_id
WHERE e.visitor_id IS NULL AND s.visitor_id IS NULL
    AND (s.customer_id IS NOT NULL OR (o.visitor_id IS NULL AND seen.customer_id IS NULL))
GROUP BY names.experiment;

CREATE TEMP TABLE shares AS
WITH features(experiment, surface, variant) AS (
    VALUES ('cart-bundles', 'cart', 'bundles'), ('ai-search', 'search', 'semantic'), ('chat', 'chat', 'assistant'),
        ('nudges', 'nudges', 'clickbait'), ('email-blocks', 'email', 'personalised')
), arm AS (
    SELECT f.experiment, f.surface, a.order_id, a.revenue
    FROM features AS f JOIN exposed AS e USING (experiment, variant)
    JOIN assigned AS a ON a.experiment = f.experiment AND a.visitor_id = e.visitor_id
        AND a.ordered_at >= e.exposed_at AND a.ordered_at < e.exposed_at + INTERVAL 7 DAY
)
SELECT arm.experiment, (sum(c.revenue) / sum(arm.revenue))::DOUBLE, (sum(k.revenue) / sum(arm.revenue))::DOUBLE,
    sum(arm.revenue)::DOUBLE
FROM arm LEFT JOIN claimed AS c ON c.order_id = arm.order_id AND c.surface = arm.surface
LEFT JOIN credited AS k ON k.order_id = arm.order_id AND k.surface = arm.surface
GROUP BY arm.experiment;

CREATE TEMP TABLE whole AS
SELECT count(*), sum(revenue), sum(net_revenue),
    (SELECT sum(revenue) FROM claimed)::DOUBLE / sum(revenue)::DOUBLE,
    (SELECT count(*) FROM (SELECT order_id FROM claimed GROUP BY order_id HAVING count(DISTINCT surface) > 1)) / count(*),
    (SELECT sum(revenue) FROM credited)::DOUBLE / sum(revenue)::DOUBLE
FROM orders;

-- The ways of counting: pairs of an order and an interaction within 30 days, each way and window.
CREATE TEMP TABLE pairs AS
SELECT o.order_id, o.revenue, o.ordered_at, i.surface, i.event_id, i.occurred_at AS touched_at, i.is_touch
FROM orders AS o JOIN interactions AS i ON o.person_id = i.person_id AND i.occurred_at < o.ordered_at
    AND i.occurred_at >= o.ordered_at - INTERVAL 30 DAY;

CREATE TEMP TABLE inflation AS
WITH windows(label, width) AS (
    VALUES ('1 h', INTERVAL 1 HOUR), ('24 h', INTERVAL 24 HOUR), ('7 d', INTERVAL 7 DAY), ('30 d', INTERVAL 30 DAY)
), inside AS (
    SELECT label, p.* FROM pairs AS p JOIN windows AS w ON p.touched_at >= p.ordered_at - w.width
), itself AS (
    SELECT label, surface, order_id, max(revenue) AS revenue, bool_or(is_touch) AS touched FROM inside GROUP BY ALL
), ends AS (
    SELECT label, order_id, max(revenue) AS revenue, arg_min(surface, (touched_at, event_id)) AS first_surface,
        arg_max(surface, (touched_at, event_id)) AS last_surface
    FROM inside WHERE is_touch GROUP BY ALL
)
SELECT surface, 'each for itself, opens too' AS way, label, sum(revenue)::DOUBLE AS total FROM itself GROUP BY ALL
UNION ALL SELECT surface, 'each for itself, touches', label, sum(revenue)::DOUBLE FROM itself WHERE touched GROUP BY ALL
UNION ALL SELECT first_surface, 'first touch, once', label, sum(revenue)::DOUBLE FROM ends GROUP BY ALL
UNION ALL SELECT last_surface, 'last touch, once', label, sum(revenue)::DOUBLE FROM ends GROUP BY ALL;

-- What is earned per credited and claimed unit of money: revenue, claims and credits of the feature's visitors.
CREATE TEMP TABLE credit_moments AS
WITH features(experiment, surface, variant) AS (
    VALUES ('cart-bundles', 'cart', 'bundles'), ('ai-search', 'search', 'semantic'), ('chat', 'chat', 'assistant'),
        ('nudges', 'nudges', 'clickbait'), ('email-blocks', 'email', 'personalised')
), visitors AS (
    SELECT f.experiment, a.visitor_id, sum(a.revenue)::DOUBLE AS revenue, coalesce(sum(c.revenue), 0)::DOUBLE AS claimed,
        coalesce(sum(k.revenue), 0)::DOUBLE AS attributed
    FROM features AS f JOIN exposed AS e USING (experiment, variant)
    JOIN assigned AS a ON a.experiment = f.experiment AND a.visitor_id = e.visitor_id
        AND a.ordered_at >= e.exposed_at AND a.ordered_at < e.exposed_at + INTERVAL 7 DAY
    LEFT JOIN claimed AS c ON c.order_id = a.order_id AND c.surface = f.surface
    LEFT JOIN credited AS k ON k.order_id = a.order_id AND k.surface = f.surface
    GROUP BY ALL
)
SELECT experiment, sum(revenue) AS revenue, sum(claimed) AS claimed, sum(attributed) AS attributed,
    sum(revenue * revenue), sum(revenue * claimed), sum(revenue * attributed), sum(claimed * claimed),
    sum(claimed * attributed), sum(attributed * attributed)
FROM visitors GROUP BY experiment;

-- Proxy drift: sessions, then what each experiment's visitors clicked, saw, asked and stayed, and the weekly series.
CREATE TEMP TABLE sessions AS
WITH gaps AS (
    SELECT visitor_id, occurred_at, second,
        coalesce(second - lag(second) OVER (PARTITION BY visitor_id ORDER BY occurred_at) >= 1800, true) AS begins
    FROM (SELECT visitor_id, occurred_at, epoch(date_trunc('second', occurred_at)) AS second FROM events
        WHERE visitor_id IS NOT NULL AND kind NOT IN ('refund', 'message_sent', 'rejection'))
), numbered AS (
    SELECT *, sum(begins::INT) OVER (PARTITION BY visitor_id ORDER BY occurred_at ROWS UNBOUNDED PRECEDING) AS nth FROM gaps
)
SELECT visitor_id, max(occurred_at) AS ended_at, max(second) - min(second) AS seconds FROM numbered GROUP BY visitor_id, nth;

CREATE TEMP TABLE acts AS
SELECT visitor_id, surface, occurred_at, kind IN ('select_item', 'message_clicked') AS is_click,
    kind = 'assistant_answer' AS is_answer, kind IN ('view_item_list', 'message_sent') AS is_shown
FROM events WHERE surface IS NOT NULL
    AND kind IN ('select_item', 'message_clicked', 'assistant_answer', 'view_item_list', 'message_sent');

CREATE TEMP TABLE proxies AS
WITH features(experiment, surface) AS (
    VALUES ('cart-bundles', 'cart'), ('ai-search', 'search'), ('chat', 'chat'), ('nudges', 'nudges'), ('email-blocks', 'email')
), units AS (
    SELECT e.experiment, e.visitor_id, e.variant, e.exposed_at, f.surface FROM exposed AS e JOIN features AS f USING (experiment)
), done AS (
    SELECT u.experiment, u.variant, u.visitor_id, count(*) FILTER (a.is_click) AS clicks,
        count(*) FILTER (a.is_shown) AS shown, count(*) FILTER (a.is_answer) AS answers, 0 AS stays, 0.0 AS seconds, 0.0 AS revenue
    FROM units AS u JOIN acts AS a ON a.visitor_id = u.visitor_id AND a.surface = u.surface
        AND a.occurred_at >= u.exposed_at AND a.occurred_at < u.exposed_at + INTERVAL 7 DAY
    GROUP BY ALL
    UNION ALL
    SELECT u.experiment, u.variant, u.visitor_id, 0, 0, 0, count(*), sum(s.seconds), 0.0
    FROM units AS u JOIN sessions AS s ON s.visitor_id = u.visitor_id
        AND s.ended_at >= u.exposed_at AND s.ended_at < u.exposed_at + INTERVAL 7 DAY
    GROUP BY ALL
    UNION ALL
    SELECT experiment, variant, visitor_id, 0, 0, 0, 0, 0.0, revenue FROM visitor_values WHERE revenue > 0
), whole AS (
    SELECT experiment, variant, visitor_id, sum(clicks)::DOUBLE AS c, sum(shown)::DOUBLE AS i, sum(answers)::DOUBLE AS a,
        sum(stays)::DOUBLE AS s, sum(seconds) AS t, sum(revenue) AS r
    FROM done GROUP BY ALL
)
SELECT experiment, variant, sum(c) AS clicks, sum(i) AS shown, sum(a) AS answers, sum(s) AS stays, sum(t) AS seconds,
    sum(r) AS revenue, sum(c * c), sum(c * i), sum(c * a), sum(c * s), sum(c * t), sum(c * r), sum(i * i), sum(i * a),
    sum(i * s), sum(i * t), sum(i * r), sum(a * a), sum(a * s), sum(a * t), sum(a * r), sum(s * s), sum(s * t), sum(s * r),
    sum(t * t), sum(t * r), sum(r * r)
FROM whole GROUP BY experiment, variant;

CREATE TEMP TABLE weeks_of_surfaces AS
SELECT surface, date_trunc('week', occurred_at AT TIME ZONE 'Europe/Berlin') AS week, count(*) FILTER (is_click) AS clicks,
    count(*) FILTER (is_shown) AS shown, count(*) FILTER (is_answer) AS answers
FROM acts GROUP BY ALL;

CREATE TEMP TABLE weeks_of_sessions AS
SELECT date_trunc('week', ended_at AT TIME ZONE 'Europe/Berlin') AS week, count(*) AS n, sum(seconds) AS seconds
FROM sessions GROUP BY ALL;

CREATE TEMP TABLE weeks_of_visitors AS
SELECT date_trunc('week', occurred_at AT TIME ZONE 'Europe/Berlin') AS week, count(DISTINCT visitor_id) AS n
FROM events WHERE visitor_id IS NOT NULL AND kind <> 'rejection' GROUP BY ALL;

CREATE TEMP TABLE weeks_of_orders AS
SELECT date_trunc('week', ordered_at AT TIME ZONE 'Europe/Berlin') AS week, count(*) AS n, sum(net_revenue)::DOUBLE AS net,
    sum(net_revenue) FILTER (visitor_id IS NOT NULL)::DOUBLE AS net_of_known
FROM orders GROUP BY ALL;

CREATE TEMP TABLE weeks_of_carts AS
WITH steps AS (
    SELECT visitor_id, occurred_at, event_id, 0 AS is_order,
        CASE WHEN kind = 'add_to_cart' THEN 1 ELSE -1 END * quantity * unit_price AS amount, kind = 'add_to_cart' AS is_add
    FROM events WHERE kind IN ('add_to_cart', 'remove_from_cart')
    UNION ALL
    SELECT visitor_id, ordered_at, order_id, 1, NULL, NULL FROM orders WHERE visitor_id IS NOT NULL
), numbered AS (
    SELECT *, sum(is_order) OVER (PARTITION BY visitor_id ORDER BY occurred_at, is_order, event_id) AS nth FROM steps
), carts AS (
    SELECT max(occurred_at) AS ended_at, greatest(sum(amount), 0) AS value FROM numbered WHERE is_order = 0
    GROUP BY visitor_id, nth HAVING sum(amount) FILTER (is_add) > 0
)
SELECT date_trunc('week', ended_at AT TIME ZONE 'Europe/Berlin') AS week, count(*) AS n, sum(value)::DOUBLE AS value
FROM carts GROUP BY ALL;

-- What policies follow: times shown, clicked and bought by product, surface, policy and quarter of the time.
CREATE TEMP TABLE followed AS
WITH span AS (
    SELECT surface, min(epoch(occurred_at)) AS begins, max(epoch(occurred_at)) + 1 AS lasts
    FROM events WHERE kind = 'view_item_list' GROUP BY surface
), shown AS (
    SELECT e.surface, coalesce(e.policy, e.variant, '') AS policy,
        floor((epoch(e.occurred_at) - begins) * 4 / (lasts - begins))::INT AS period, unnest(e.items).product_id AS product_id
    FROM events AS e JOIN span USING (surface) WHERE e.kind = 'view_item_list'
), counted AS (
    SELECT surface, policy, product_id, period, count(*) AS n FROM shown GROUP BY ALL
), clicked AS (
    SELECT e.surface, e.product_id, floor((epoch(e.occurred_at) - begins) * 4 / (lasts - begins))::INT AS period, count(*) AS n
    FROM events AS e JOIN span USING (surface) WHERE e.kind = 'select_item' GROUP BY ALL
), bought AS (
    SELECT s.surface, l.product_id, floor((epoch(b.occurred_at) - begins) * 4 / (lasts - begins))::INT AS period,
        count(DISTINCT l.order_id) AS n
    FROM order_lines AS l JOIN bought AS b USING (order_id) CROSS JOIN span AS s GROUP BY ALL
)
SELECT c.*, sum(c.n) OVER (PARTITION BY c.surface, c.product_id, c.period) AS here, k.n AS clicks, o.n AS orders
FROM counted AS c LEFT JOIN clicked AS k USING (surface, product_id, period)
LEFT JOIN bought AS o USING (surface, product_id, period);

-- Data health: volumes by kind and day, arrival, busy visitors, visitors never identified.
CREATE TEMP TABLE volumes AS
SELECT kind, (occurred_at AT TIME ZONE 'Europe/Berlin')::DATE AS day, count(*) AS n FROM events GROUP BY ALL;

CREATE TEMP TABLE arrivals AS
SELECT kind, source, date_trunc('hour', occurred_at) AS hour, count(*) AS n, min(received_at) AS low, max(received_at) AS high
FROM events GROUP BY ALL;

CREATE TEMP TABLE busy AS
SELECT visitor_id, count(*) AS n, max(customer_id IS NOT NULL) AS is_known FROM events WHERE visitor_id IS NOT NULL
GROUP BY visitor_id;

CREATE TEMP TABLE people_seen AS
SELECT count(*) AS n, quantile_disc(n, 0.99) AS most, count(*) FILTER (who.customer_id IS NULL) AS never
FROM busy LEFT JOIN who USING (visitor_id);
