"""Returns at a demo store: its buyers ask for them, and its people move them on."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.demo_store.server.books import Books
from connectors.demo_store.server.orders import Document
from connectors.playing.manners import Refused

NEXT: Mapping[str, frozenset[str]] = {
    "requested": frozenset({"approved", "declined", "cancelled"}),
    "approved": frozenset({"in_transit", "received", "closed", "cancelled"}),
    "in_transit": frozenset({"received", "closed"}),
    "received": frozenset({"closed"}),
    "closed": frozenset({"approved"}),
    "declined": frozenset(),
    "cancelled": frozenset(),
}
"""Where a return may go from where it is; a closed one may be opened again."""

OVER = frozenset({"declined", "cancelled"})


def ask_back(books: Books, order_id: str, items: Mapping[str, int], reason: str) -> Document:
    """The buyer wants to send units back. Raises `Refused` for more than were shipped and not asked back before."""
    order = books.find(order_id)
    returns: list[Document] = order.setdefault("returns", [])
    free = {item["id"]: item["shipped"] for item in order["items"]}
    for item in (item for known in returns if _plain(books, known) not in OVER for item in known["items"]):
        free[item["line_id"]] -= item["quantity"]
    for line, count in items.items():
        if not isinstance(count, int) or not 0 < count <= free.get(line, 0):
            raise Refused(422, f"{line}: {count} units asked back, {free.get(line, 0)} can be")
    if not items:
        raise Refused(422, "nothing is asked back")
    serial = len(returns) + 1
    made: Document = {
        "id": f"ret_{order_id}_{serial}", "order_id": order_id, "number": f"{order['number']}-R{serial}",
        "status": books.store.words["return.requested"], "reason": reason, "carrier": "", "tracking_number": "",
        "items": [
            {"line_id": line, "quantity": count, "received": 0, "reason": reason} for line, count in items.items()
        ],
    }  # fmt: skip
    returns.append(made)
    made["created_at"] = made["updated_at"] = books.touch(order)
    books.tell("return.updated", made)
    return made


def move_back(books: Books, return_id: str, status: str, tracking: tuple[str, str] = ("", "")) -> Document:
    """Moves a return on; `tracking` is (carrier, number) once there is a parcel. Raises `Refused`."""
    order, found = _find(books, return_id)
    was = _plain(books, found)
    if status not in NEXT[was]:
        raise Refused(409, f"{return_id} is {was} and cannot be {status!r}")
    found["status"] = books.store.words[f"return.{status}"]
    if any(tracking):
        found["carrier"], found["tracking_number"] = tracking
    if status == "received":
        for item in found["items"]:
            item["received"] = item["quantity"]
    found["updated_at"] = books.touch(order)
    books.tell("return.updated", found)
    return found


def _find(books: Books, return_id: str) -> tuple[Document, Document]:
    for order in books.orders.values():
        for found in order.get("returns", ()):
            if found["id"] == return_id:
                return order, found
    raise Refused(404, f"no return {return_id}")


def _plain(books: Books, told: Document) -> str:
    """The status of a return in plain English."""
    return next(name for name in NEXT if books.store.words[f"return.{name}"] == told["status"])
