"""What the phase of an order is derived from, read for many orders in one statement; the rule is `lifecycle.phase`."""

from __future__ import annotations

from hub.domain.lifecycle import Lifecycle, PhaseFacts, Work
from hub.store.database import Row

TROUBLE = """(o.id IN (SELECT x.key FROM outbox x WHERE x.merchant_id = $1 AND x.state >= 10 AND x.state <= 11)
     OR o.id IN (SELECT p.order_id FROM parcels p WHERE p.merchant_id = $1 AND p.custody IN ('lost', 'damaged')))"""
"""A condition on `orders o`; $1 is the merchant. Dead (10) and refused (11) messages are trouble."""

FACTS = f"""
    ARRAY(SELECT DISTINCT h.reason FROM holds h
          WHERE h.order_id = o.id AND h.state IN ('open', 'escalated') ORDER BY 1) AS holds,
    ARRAY(SELECT DISTINCT f.state FROM fulfillment_orders f
          WHERE f.order_id = o.id AND f.state <> 10 ORDER BY 1) AS works,
    {TROUBLE} AS trouble,
    EXISTS (SELECT 1 FROM returns r WHERE r.order_id = o.id
            AND r.state NOT IN ('closed', 'declined', 'cancelled', 'expired')) AS return_open,
    units.units, units.shipped, units.delivered, units.returned"""  # noqa: S608 our own text
"""Columns over `orders o` and `UNITS`; $1 is the merchant."""

UNITS = """
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.ordered - l.cancelled), 0)::int AS units, coalesce(sum(l.shipped), 0)::int AS shipped,
               coalesce(sum(l.delivered), 0)::int AS delivered, coalesce(sum(l.received_back), 0)::int AS returned
        FROM order_lines l WHERE l.order_id = o.id AND l.requires_shipping
    ) units"""
"""Joins the counters of an order's lines that need shipping."""


def phase_facts(row: Row) -> PhaseFacts:
    """The facts of a row that holds `o.state` and the columns of `FACTS`."""
    return PhaseFacts(
        lifecycle=Lifecycle(row["state"]),
        holds=frozenset(row["holds"]),
        works=frozenset(Work(state) for state in row["works"]),
        trouble=row["trouble"],
        units=row["units"],
        shipped=row["shipped"],
        delivered=row["delivered"],
        returned=row["returned"],
        return_open=row["return_open"],
    )
