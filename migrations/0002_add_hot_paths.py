"""What Tortoise cannot say: CHECKs, the append-only event table, partial indexes that stages claim by, ledgers' guards.

Kept to what any PostgreSQL ≥ 15 offers without extensions.
"""

from tortoise.migrations import operations as ops

from hub.store import migrating

CHECKS = """
ALTER TABLE fulfillment_lines
    ADD CONSTRAINT fulfillment_line_counts CHECK (quantity > 0 AND reserved >= 0 AND reserved <= quantity),
    ADD CONSTRAINT fulfillment_line_picked CHECK (picked >= 0 AND picked + short <= quantity AND packed <= picked);
ALTER TABLE orders
    ADD CONSTRAINT order_total CHECK (total >= 0);
ALTER TABLE order_lines
    ADD CONSTRAINT line_ordered CHECK (ordered >= 0 AND cancelled >= 0 AND cancelled + shipped <= ordered),
    ADD CONSTRAINT line_reserved CHECK (reserved >= 0 AND reserved <= ordered - cancelled - shipped),
    ADD CONSTRAINT line_picked CHECK (picked >= 0 AND picked <= assigned),
    ADD CONSTRAINT line_packed CHECK (packed >= 0 AND packed <= picked),
    ADD CONSTRAINT line_shipped CHECK (shipped >= 0 AND shipped <= packed),
    ADD CONSTRAINT line_delivered CHECK (delivered >= 0 AND delivered <= shipped),
    ADD CONSTRAINT line_received_back CHECK (received_back >= 0 AND received_back <= shipped),
    ADD CONSTRAINT line_put_away CHECK (
        restocked >= 0 AND written_off >= 0 AND restocked + written_off <= received_back),
    ADD CONSTRAINT line_refunded CHECK (refunded >= 0 AND refunded <= paid);
ALTER TABLE payments
    ADD CONSTRAINT payment_amounts CHECK (
        amount >= 0 AND captured >= 0 AND refunded >= 0 AND refunded <= captured);
ALTER TABLE pick_lines
    ADD CONSTRAINT pick_line_counts CHECK (picked >= 0 AND picked <= quantity);
ALTER TABLE refunds
    ADD CONSTRAINT refund_amount CHECK (amount > 0);
ALTER TABLE return_lines
    ADD CONSTRAINT return_line_counts CHECK (quantity > 0 AND received >= 0 AND received <= quantity);
ALTER TABLE stock
    ADD CONSTRAINT stock_counts CHECK (reserved >= 0 AND reserved <= on_hand);
"""
"""CreateModel ignores a model's constraints, and AddConstraint is slow: docs/decisions/006-checks-by-runsql.md."""

EVENTS = """
CREATE TABLE events (
    merchant_id bigint NOT NULL,
    subject_id bigint NOT NULL,
    seq integer NOT NULL,
    order_id bigint NOT NULL,
    kind varchar(48) NOT NULL,
    actor varchar(128) NOT NULL,
    source varchar(64) NOT NULL,
    idempotency_key varchar(128),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (merchant_id, order_id, subject_id, seq)
);
"""

NODES = "CREATE SEQUENCE node_numbers MINVALUE 0 MAXVALUE 4095 CYCLE;"

PARTIAL_INDEXES = """
CREATE INDEX orders_due ON orders (due_at, id) WHERE state < 9;
CREATE INDEX orders_by_token ON orders (tracking_token) WHERE tracking_token <> '';
CREATE INDEX fulfillment_orders_due ON fulfillment_orders (due_at, id) WHERE state < 9;
CREATE INDEX inbox_due ON inbox (kind, due_at, id) WHERE state = 0;
CREATE INDEX inbox_waiting ON inbox (merchant_id, account_id, about) WHERE state = 1;
CREATE INDEX inbox_of_conversation ON inbox (subject_id, id) WHERE kind = 1 AND state = 0;
CREATE INDEX outbox_heads ON outbox (lane, key, id) WHERE state < 9;
CREATE INDEX outbox_by_key ON outbox (key);
CREATE INDEX outbox_dead ON outbox (merchant_id, id) WHERE state >= 10;
CREATE INDEX outbox_captures ON outbox (subject_id) WHERE kind = 'capture_payment';
CREATE INDEX conversations_due ON conversations (due_at) WHERE due_at < '9999-01-01Z';
CREATE UNIQUE INDEX holds_open ON holds (merchant_id, order_id, reason) WHERE state IN ('open', 'escalated');
CREATE INDEX holds_due ON holds (due_at) WHERE state IN ('open', 'escalated');
CREATE INDEX scans_unseen ON scans (parcel_id) WHERE NOT seen;
CREATE INDEX parcels_by_tracking ON parcels (merchant_id, tracking_number) WHERE tracking_number <> '';
"""

LEDGER = """
CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added GROUP BY merchant_id, order_id, currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a posting does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_must_balance AFTER INSERT ON ledger
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_must_balance();
"""

APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

MOVING = "\n".join(
    f"ALTER TABLE {table} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);"
    for table in (
        *("orders", "order_lines", "fulfillment_orders", "fulfillment_lines", "parcels"),
        *("inbox", "outbox", "stock"),
    )
)


class Migration(migrating.Migration):
    """Hot paths and guards."""

    dependencies = [("hub", "0001_create_tables")]

    operations = [ops.RunSQL([CHECKS, EVENTS, NODES, PARTIAL_INDEXES, LEDGER, APPEND_ONLY, MOVING])]
