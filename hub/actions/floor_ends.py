"""End walks on which nothing is left, and their waves, where nobody scans there any more.

A cancellation knows nothing of the floor, and a part that is missing on one walk takes the others of its bundle with
it: stops go away while their walk stands in a corner. The clock looks for such walks; whoever scans there meets the
end at once.
"""

from __future__ import annotations

from hub.actions import floor_desk
from hub.actions.services import Services

MOST = 500
"""Walks of one transaction."""

OVER = """SELECT t.id, t.wave_id, t.claimed_by FROM waves w
    JOIN pick_tasks t ON t.merchant_id = w.merchant_id AND t.wave_id = w.id AND t.state <> 'done'
    WHERE w.state IN ('released', 'in_progress') AND NOT EXISTS (
        SELECT 1 FROM pick_lines p JOIN fulfillment_orders f ON f.id = p.fulfillment_id
        WHERE p.task_id = t.id AND p.picked + p.short < p.quantity AND f.state <> 10)
    ORDER BY t.id LIMIT $1 FOR UPDATE OF t SKIP LOCKED"""
"""Walks of open waves without a stop of a live (10 is cancelled) order. One that somebody scans on just now ends by
itself, or the next time."""


async def end_walks(services: Services) -> int:
    """Ends them; returns how many."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        over = await tx.fetch(OVER, MOST)
        for task in over:
            await floor_desk.close_walk(desk, task, task["claimed_by"])
        for wave_id in sorted({task["wave_id"] for task in over}):
            await floor_desk.close_wave(desk, wave_id)
    return len(over)
