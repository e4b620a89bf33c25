"""An order over the phone: one form, that works with the keyboard alone and without scripts.

Every button sends the whole form; only *Place the order* takes it. Enter looks up what was typed, and never places.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hub.actions.find_customer import Caller, find_customer
from hub.actions.find_goods import find_goods, goods_of, usual_currency
from hub.actions.take_phone_order import MOST_LINES, Checked, Draft, DraftLine, check_draft, take_phone_order
from hub.domain import money
from hub.domain.order import Address
from hub.errors import BadPayload, Conflict
from hub.web.auth import WHO, check_form
from hub.web.console import view
from hub.web.console.vocabulary import ADDRESS_FIELDS
from hub.web.services import services

ROOM = "/console/phone"
LONG = {"note": 4000, "email": 320, "line1": 200}


async def empty(request: web.Request) -> web.Response:
    """The form with nothing in it yet."""
    hub, who = services(request), request[WHO]
    draft = Draft(key=hub.rng.token(18), currency=await usual_currency(hub.database, who.merchant_id))
    return await _form(request, _Page(draft, focus="who"))


async def send(request: web.Request) -> web.Response:
    """Does what the button says, and shows the form again; or takes the order."""
    form = await check_form(request)
    page = _Page(_draft(request, form), _text(form, "q"), _text(form, "who"))
    what, _, which = form.get("do", "look").partition(":")
    if what == "place":
        await _place(request, page)
    elif what == "add":
        await _add(request, page, which)
    elif what == "remove" and which.isascii() and which.isdigit():
        page.remove(int(which))
    elif page.search:
        page.focus = "found"
    elif page.who:
        await _caller(request, page)
    return await _form(request, page)


class _Page:
    """The form on its way back: what is in it, and where the cursor belongs."""

    def __init__(self, draft: Draft, search: str = "", who: str = "", focus: str = "q") -> None:
        self.draft = draft
        self.search = search
        self.who = who
        self.focus = focus
        self.checked: Checked | None = None
        self.said = ""

    def replace(self, **changes: object) -> None:
        """Changes fields of the draft."""
        fields = {name: getattr(self.draft, name) for name in self.draft.__struct_fields__}
        self.draft = Draft(**{**fields, **changes})

    def remove(self, which: int) -> None:
        """Takes a line out."""
        self.replace(lines=tuple(line for i, line in enumerate(self.draft.lines) if i != which))


async def _place(request: web.Request, page: _Page) -> None:
    """Takes the order and leaves for its page, unless something is wrong."""
    hub, who = services(request), request[WHO]
    page.checked = check_draft(page.draft)
    if page.checked.order is None:
        page.focus = next(iter(page.checked.faults))
        return
    try:
        agent = (who.merchant_id, who.actor)
        placed = await take_phone_order(hub, hub.inbox, agent, page.draft, page.checked.order)
    except (BadPayload, Conflict) as error:
        page.said = str(error)
        return
    view.note(request, f"Order {placed.number} is taken. This is the number to tell the customer.")
    raise web.HTTPSeeOther(f"/console/orders/{placed.id}" if placed.id else f"/console/orders?q={placed.number}")


async def _add(request: web.Request, page: _Page, sku: str) -> None:
    draft, merchant = page.draft, request[WHO].merchant_id
    good = (await goods_of(services(request).database, merchant, [sku], draft.currency)).get(sku)
    if good is None or len(draft.lines) >= MOST_LINES:
        page.said = "There is no such product" if good is None else f"An order by phone has at most {MOST_LINES} lines"
        return
    same = next((i for i, line in enumerate(draft.lines) if line.sku == sku), None)
    if same is None:
        price = money.major(good.price, draft.currency) if good.price is not None else ""
        page.replace(lines=(*draft.lines, DraftLine(good.sku, good.title, "1", price)))
        same = len(draft.lines)
    page.search, page.focus = "", f"quantity_{same}"


async def _caller(request: web.Request, page: _Page) -> None:
    """Fills in what is known of whoever calls; what the agent has written stays."""
    found = await find_customer(services(request).database, request[WHO].merchant_id, page.who)
    if found is None:
        known = {"email": page.who} if "@" in page.who else {}
        page.replace(email=page.draft.email or known.get("email", ""))
        if not known and any(letter.isdigit() for letter in page.who) and not page.draft.ship_to.phone:
            page.replace(ship_to=_with(page.draft.ship_to, Address(phone=page.who)))
        page.said, page.focus = "Nobody is known by that; the order makes a new customer", "name"
        return
    page.replace(email=page.draft.email or found.email, ship_to=_with(page.draft.ship_to, _address_of(found)))
    page.said, page.who, page.focus = f"This is {found.name or found.email}", "", "q"


def _address_of(found: Caller) -> Address:
    ship_to = found.ship_to or Address(name=found.name)
    return _with(ship_to, Address(phone=found.phone))


def _with(written: Address, known: Address) -> Address:
    """What is written, with what is known in the empty fields."""
    names = Address.__struct_fields__
    return Address(**{name: getattr(written, name) or getattr(known, name) for name in names})


# ---------------------------------------------------------------- the form, read and shown


def _text(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").replace("\0", "").strip()[: LONG.get(name, 200)]


def _draft(request: web.Request, form: Mapping[str, str]) -> Draft:
    given = {name: _text(form, name) for name, _ in ADDRESS_FIELDS}
    lines = [
        DraftLine(*(_text(form, f"{name}_{i}") for name in ("sku", "title", "quantity", "price")))
        for i in range(MOST_LINES)
        if f"sku_{i}" in form
    ]
    return Draft(
        key=_text(form, "key") or services(request).rng.token(18),
        currency=_text(form, "currency").upper(),
        lines=tuple(lines),
        email=_text(form, "email"),
        ship_to=Address(**{**given, "country": given["country"].upper()}),
        payment=_text(form, "payment"),
        shipping=_text(form, "shipping"),
        note=_text(form, "note"),
        anyway="anyway" in form,
    )


async def _form(request: web.Request, page: _Page) -> web.Response:
    hub, merchant, draft = services(request), request[WHO].merchant_id, page.draft
    checked = page.checked or check_draft(draft)
    faults = checked.faults if page.checked else {}
    context = {
        "draft": draft,
        "search": page.search,
        "caller": page.who,
        "found": await find_goods(hub.database, merchant, page.search, draft.currency) if page.search else None,
        "goods": await goods_of(hub.database, merchant, [line.sku for line in draft.lines], draft.currency),
        "total": checked.total,
        "faults": faults,
        "ask_anyway": bool(page.checked and checked.address) or draft.anyway,
        "focus": page.focus,
        "said": page.said,
    }
    return view.show(request, "phone.html", context, status=422 if faults else 200)


ROUTES = (web.get("/phone", empty), web.post("/phone", send))
