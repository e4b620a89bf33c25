"""What we say to Amazon about a shipment. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC

from connectors.amazon import wire, wire_calls, words
from hub.domain.outgoing import Shipment


def package_reference(reference: str) -> str:
    """Our reference as Amazon wants it: a positive number written in a string, unique within its order."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", reference):
        return reference
    return str(1 + int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8]) % 999_999_999)


def carrier(name: str) -> tuple[str, str]:
    """(carrierCode, carrierName) for a carrier's name; the second is needed with "Other" only."""
    code = words.CARRIERS.get(" ".join(name.casefold().split()))
    return (code, "") if code else ("Other", name or "Other")


def confirmation(shipment: Shipment, marketplace_id: str) -> wire_calls.Confirmation:
    """Body of confirmShipment."""
    code, name = carrier(shipment.carrier)
    return wire_calls.Confirmation(
        marketplace_id=marketplace_id,
        package_detail=wire_calls.PackageDetail(
            package_reference_id=package_reference(shipment.reference),
            carrier_code=code,
            carrier_name=name,
            shipping_method=shipment.service,
            tracking_number=shipment.tracking_number,
            ship_date=ship_date(shipment),
            order_items=tuple(wire_calls.ConfirmedItem(line.line_id, line.quantity) for line in shipment.lines),
        ),
    )


def ship_date(shipment: Shipment) -> str:
    """When it left, in UTC, to the millisecond."""
    return shipment.shipped_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def holds(package: wire.Package, shipment: Shipment) -> bool:
    """Whether a package of an order is this shipment: by our reference, or by its tracking number."""
    if package.package_status is not None and package.package_status.status == "CANCELLED":
        return False
    if package.package_reference_id == package_reference(shipment.reference):
        return True
    return bool(shipment.tracking_number) and package.tracking_number == shipment.tracking_number
