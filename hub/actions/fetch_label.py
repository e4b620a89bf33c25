"""The label of a parcel as PDF, fetched from its carrier when somebody prints it."""

from __future__ import annotations

from hub.actions.services import Services
from hub.contract import BuysLabels
from hub.domain.lifecycle import LabelState
from hub.domain.outgoing import Label
from hub.errors import Conflict, NotFound
from hub.store.database import Database, Row

PRINTABLE = frozenset({LabelState.BOUGHT, LabelState.VOID_REQUESTED})


async def fetch_label(services: Services, merchant_id: int, parcel_id: int) -> bytes:
    """The PDF. Raises `NotFound` for a parcel that is not this merchant's, `Conflict` when it has no label to print,
    and what the carrier's channel raises."""
    row = await _parcel(services.database, merchant_id, parcel_id)
    if row["label"] not in PRINTABLE or row["carrier_account_id"] is None:
        raise Conflict(f"parcel {row['number']} has no label to print: its label is {row['label']}")
    channel = await services.accounts.open(row["carrier_account_id"])
    if not isinstance(channel, BuysLabels):
        raise Conflict(f"{channel.account.name} sells no labels")
    return await channel.label_document(Label(
        external_id=row["label_id"], carrier=row["carrier"], service=row["service"],
        tracking_number=row["tracking_number"], cost=row["label_cost"], currency=row["label_currency"],
        tracking_url=row["tracking_url"], document_url=row["label_url"],
    ))  # fmt: skip


async def _parcel(database: Database, merchant_id: int, parcel_id: int) -> Row:
    row = await database.plain.fetchrow(
        """SELECT p.*, coalesce(p.carrier_account_id, f.carrier_account_id) AS carrier_account_id
           FROM parcels p LEFT JOIN fulfillment_orders f ON f.id = p.fulfillment_id
           WHERE p.merchant_id = $1 AND p.id = $2""",
        merchant_id, parcel_id,
    )  # fmt: skip
    if row is None:
        raise NotFound("no such parcel")
    return row
