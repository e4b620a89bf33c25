"""The catalog: bundles are sound and leave whole (I3); what channels are told of listings never goes back (I4)."""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind
from hub.store.invariant import Check

SOUND = """
    SELECT c.merchant_id, c.sku, c.component, c.quantity, p.id IS NOT NULL AS bundle_is_product,
           q.id IS NOT NULL AS component_is_product, n.id IS NOT NULL AS component_is_bundle
    FROM components c
    LEFT JOIN products p ON p.merchant_id = c.merchant_id AND p.sku = c.sku
    LEFT JOIN products q ON q.merchant_id = c.merchant_id AND q.sku = c.component
    LEFT JOIN components n ON n.merchant_id = c.merchant_id AND n.sku = c.component
    WHERE p.id IS NULL OR q.id IS NULL OR n.id IS NOT NULL OR c.quantity < 1"""

COUNTED = """
    SELECT s.merchant_id, s.sku, s.location_id, s.on_hand FROM stock s
    WHERE s.on_hand > 0 AND EXISTS (
        SELECT 1 FROM components c WHERE c.merchant_id = s.merchant_id AND c.sku = s.sku)"""

PARTS = """
    SELECT merchant_id, fulfillment_id, order_line_id, min(quantity / per_unit) AS fewest,
           max(quantity / per_unit) AS most
    FROM fulfillment_lines GROUP BY 1, 2, 3
    HAVING min(quantity / per_unit) <> max(quantity / per_unit) OR bool_or(quantity % per_unit <> 0)"""

WAITING = f"""
    SELECT lane, key AS listing_id, count(*) AS messages, min(id) AS first_id, max(id) AS last_id FROM outbox
    WHERE kind = '{Kind.PUSH_STOCK}' AND state < 9 AND state = {int(Outbox.PENDING)} AND NOT leased AND NOT unsure
    GROUP BY 1, 2 HAVING count(*) > 1"""
"""One that is under way, or may have been, stays before the one that waits."""

BACK = f"""
    SELECT id, lane, key AS listing_id, version, before FROM (
        SELECT id, lane, key, (payload->>'version')::bigint AS version,
               lag((payload->>'version')::bigint) OVER (PARTITION BY lane, key ORDER BY id) AS before
        FROM outbox WHERE kind = '{Kind.PUSH_STOCK}') m
    WHERE version <= before"""

OFFERED = f"""
    SELECT l.id, l.account_id, l.listing_id, l.offered, l.version, m.available AS told
    FROM listings l JOIN (
        SELECT DISTINCT ON (lane, key) account_id, key, (payload->>'version')::bigint AS version,
               (payload->>'available')::bigint AS available
        FROM outbox WHERE kind = '{Kind.PUSH_STOCK}' ORDER BY lane, key, id DESC
    ) m ON m.key = l.id AND m.account_id = l.account_id
    WHERE l.offered IS NOT NULL AND (l.version, l.offered) IS DISTINCT FROM (m.version, m.available)"""

CHECKS = (
    Check("I3", "bundle_sound", "a bundle and its parts are products, and no part is a bundle", "components", SOUND),
    Check("I3", "bundle_counted", "no bundle lies anywhere: its parts do", "components", COUNTED),
    Check("I3", "bundle_whole", "the parts of a line in one fulfillment order make the same units", "fulfillment_lines",
          PARTS),
    Check("I4", "listing_of_nothing", "a listing is one of our products, or nobody has said yet which", "listings",
          """SELECT l.id, l.account_id, l.listing_id, l.sku FROM listings l
             LEFT JOIN products p ON p.merchant_id = l.merchant_id AND p.sku = l.sku
             WHERE l.sku <> '' AND p.id IS NULL"""),
    Check("I4", "levels_waiting", "at most one level waits for each listing", "outbox", WAITING),
    Check("I4", "level_goes_back", "levels of a listing are queued in the order of their versions", "outbox", BACK),
    Check("I4", "level_forgotten", "the level that a listing was last offered at was queued", "listings", OFFERED),
)  # fmt: skip
