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
WHERE i.surface <> 'email'
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
HAVING min(occurred_at) >= TIMESTAMPTZ '2026-01-05 00:00:00 Europe/Berlin'
    AND min(occurred_at) < TIMESTAMPTZ '2026-03-02 00:00:00 Europe/Berlin';

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
