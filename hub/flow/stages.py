"""The whole workflow in order: each stage takes the rows that wait in one state and moves them on.

Deliveries become orders in `intake`, before these tables; what leaves goes through `outbox`, after them.
"""

from hub.domain import credit_leaving, dispatching, labeling, packing, routing, settling, tracking, validation
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.outcome import OrderRow, WorkRow
from hub.flow import dispatch, label, loading, onward, pack, review, route, settle, track
from hub.flow.stage import Line, Stage, no_facts
from hub.store import sets

ORDERS: Line[OrderRow] = Line("orders", sets.CLAIM_ORDERS, sets.TAKE_ORDERS, loading.orders, (
    Stage("review",   Lifecycle.RECEIVED,    review.facts,   validation.review,    holds=validation.REVIEW_HOLDS),
    Stage("route",    Lifecycle.ACCEPTED,    route.facts,    routing.route,        holds=routing.ROUTE_HOLDS,
          turn=routing.in_turn),
    Stage("settle",   Lifecycle.IN_PROGRESS, settle.facts,   settling.settle,      joins=False),
))  # fmt: skip

FULFILLMENTS: Line[WorkRow] = Line("fulfillments", sets.CLAIM_WORKS, sets.TAKE_WORKS, loading.works, (
    Stage("release",  Work.OPEN,             no_facts,       packing.release),
    Stage("pick",     Work.PICKING,          no_facts,       packing.pick),
    Stage("pack",     Work.PICKED,           pack.facts,     packing.pack),
    Stage("label",    Work.PACKED,           label.facts,    labeling.label,        holds=credit_leaving.CREDIT_HOLDS),
    Stage("dispatch", Work.LABELED,          dispatch.facts, dispatching.dispatch,  holds=credit_leaving.CREDIT_HOLDS),
    Stage("track",    Work.DISPATCHED,       track.facts,    tracking.track,       joins=False),
), made=onward.works)  # fmt: skip

LINES = (ORDERS, FULFILLMENTS)
