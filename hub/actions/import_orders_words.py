"""Columns of order files: ours, the names that others give them, and the words that stand in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from babel import Locale

from hub.errors import Invalid

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "order": ("ordernumber", "orderno", "ordernr", "orderid", "ordername", "bestellnummer", "bestellnr",
              "auftragsnummer", "auftragsnr", "auftrag", "bestellung", "numerocommande"),
    "line_id": ("lineid", "orderitemid", "itemid", "position", "pos", "posnr"),
    "sku": ("itemnumber", "itemno", "articlenumber", "artikelnummer", "artikelnr", "artnr", "lineitemsku",
            "sellersku", "productsku", "itemsku"),
    "listing": ("listingid", "asin", "productid", "variantid", "variationid"),
    "title": ("product", "productname", "item", "itemname", "article", "artikel", "artikelname", "bezeichnung",
              "description", "beschreibung", "lineitemname", "producttitle"),
    "quantity": ("qty", "units", "count", "menge", "anzahl", "stueck", "stück", "stk", "lineitemquantity",
                 "quantitypurchased", "quantite"),
    "unit_price": ("unitprice", "price", "itemprice", "preis", "einzelpreis", "stückpreis", "stueckpreis",
                   "lineitemprice", "prix"),
    "line_total": ("linetotal", "linesum", "positionssumme", "gesamtpreis", "zeilensumme"),
    "discount": ("linediscount", "lineitemdiscount", "itemdiscount", "rabatt"),
    "tax": ("linetax", "itemtax", "mwst", "steuer", "ust"),
    "grams": ("weightgrams", "gramm", "gewichtgramm", "weightg"),
    "requires_shipping": ("lineitemrequiresshipping", "ships"),
    "placed_at": ("placedat", "orderdate", "purchasedate", "createdat", "datecreated", "date", "bestelldatum",
                  "auftragsdatum", "datum", "orderedat"),
    "currency": ("currencycode", "ordercurrency", "waehrung", "währung", "devise"),
    "shipping": ("shippingcost", "shippingcosts", "shippingprice", "shippingamount", "ordershipping", "versand",
                 "versandkosten", "porto", "postage"),
    "order_discount": ("orderdiscount", "discountamount", "cartdiscount", "gutschein"),
    "order_tax": ("ordertax", "taxes", "totaltax", "taxtotal", "taxamount", "gesamtsteuer"),
    "total": ("ordertotal", "grandtotal", "totalamount", "gesamtsumme", "gesamtbetrag", "summe", "rechnungsbetrag"),
    "tax_included": ("taxincluded", "pricesincludetax", "taxesincluded", "brutto"),
    "paid": ("paymentstatus", "financialstatus", "ispaid", "bezahlt", "zahlungsstatus"),
    "payment_method": ("paymentmethod", "payment", "zahlungsart", "zahlart", "gateway"),
    "email": ("emailaddress", "customeremail", "buyeremail", "billingemail", "mail", "kundenemail"),
    "phone": ("phonenumber", "customerphone", "buyerphonenumber", "shippingphone", "shipphonenumber",
              "billingphone", "telefon", "tel", "mobile"),
    "buyer": ("buyername", "customer", "customername", "kunde", "kundenname", "käufer"),
    "name": ("shippingname", "recipient", "recipientname", "shiptoname", "empfänger", "empfaenger", "liefername"),
    "company": ("shippingcompany", "shiptocompany", "firma", "lieferfirma"),
    "line1": ("shippingaddress1", "shipaddress1", "address1", "shippingstreet", "street", "address", "addressline1",
              "strasse", "straße", "adresse", "lieferstrasse", "lieferstraße"),
    "line2": ("shippingaddress2", "shipaddress2", "address2", "addressline2", "adresszusatz"),
    "city": ("shippingcity", "shipcity", "town", "ort", "stadt", "lieferort", "ville"),
    "region": ("shippingprovince", "shippingstate", "shipstate", "state", "province", "bundesland", "county"),
    "postcode": ("shippingzip", "shippingpostcode", "shippostalcode", "zip", "zipcode", "postalcode", "plz",
                 "postleitzahl", "lieferplz"),
    "country": ("shippingcountry", "shippingcountrycode", "shipcountry", "countrycode", "land", "lieferland", "pays"),
    "bill_name": ("billingname", "rechnungsname"),
    "bill_company": ("billingcompany", "rechnungsfirma"),
    "bill_line1": ("billingaddress1", "billingstreet", "rechnungsstrasse", "rechnungsstraße"),
    "bill_line2": ("billingaddress2",),
    "bill_city": ("billingcity", "rechnungsort"),
    "bill_region": ("billingprovince", "billingstate"),
    "bill_postcode": ("billingzip", "billingpostcode", "rechnungsplz"),
    "bill_country": ("billingcountry", "billingcountrycode", "rechnungsland"),
    "note": ("notes", "customernote", "comment", "bemerkung", "notiz", "kommentar", "hinweis"),
    "cancelled_at": ("cancelledat", "canceledat", "storniertam"),
}  # fmt: skip
"""Our column → what others call it, the best first; written without case, spaces and signs."""

WEAK: Mapping[str, str] = {"number": "order", "nummer": "order", "id": "order", "reference": "order"}
"""Names that mean a column of ours only where nothing else does."""

OF_LINES = frozenset({
    "line_id", "sku", "listing", "title", "quantity", "unit_price", "line_total", "discount", "tax", "grams",
    "requires_shipping",
})  # fmt: skip
"""What each row says for itself; everything else belongs to the order."""

YES = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "wahr", "oui", "si", "sì", "on"})
NO = frozenset({"no", "n", "false", "0", "nein", "falsch", "non", "off", "-"})

PAYMENTS: Mapping[str, str] = {
    **dict.fromkeys(YES | {"paid", "bezahlt", "captured", "complete", "completed", "payé", "pagado"}, "captured"),
    **dict.fromkeys(NO | {"pending", "unpaid", "open", "offen", "ausstehend", "unbezahlt", "due"}, "pending"),
    **dict.fromkeys(("authorized", "authorised", "autorisiert"), "authorized"),
    **dict.fromkeys(("failed", "fehlgeschlagen"), "failed"),
    "voided": "voided",
    "expired": "expired",
}
"""Words for whether an order is paid → where its payment stands."""


def plain(name: str) -> str:
    """A column's name without case, spaces and signs."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def guess(header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Our column → the file's. `given` (theirs → ours, empty to ignore one) comes first, then what is known by its
    name. Raises `Invalid` for a column that the file, or we, do not have."""
    theirs: dict[str, str] = {}
    for name in header:
        theirs.setdefault(plain(name), name)
    found = _given(header, given)
    free = {mark: name for mark, name in theirs.items() if name not in set(given) | set(found.values())}
    if "lineitemquantity" in theirs and "name" in free:  # an export of Shopify calls the order's number its name
        found.setdefault("order", free.pop("name"))
    for ours, names in COLUMNS.items():
        for mark in (plain(ours), *names):
            if ours not in found and mark in free:
                found[ours] = free.pop(mark)
    for mark, ours in WEAK.items():
        if ours not in found and mark in free:
            found[ours] = free.pop(mark)
    return found


def _given(header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, ours in given.items():
        if name not in header:
            raise Invalid("--map", f"the file has no column {name!r}; it has {', '.join(header)}")
        if ours and ours not in COLUMNS:
            raise Invalid("--map", f"{ours!r} is no column of ours; there are {', '.join(COLUMNS)}")
        if ours and ours in found:
            raise Invalid("--map", f"{found[ours]!r} and {name!r} are both called {ours}")
        if ours:
            found[ours] = name
    return found


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    """Names of countries in the languages that files come in → their codes."""
    return {
        name.casefold(): code
        for language in ("fr", "it", "es", "nl", "de", "en")
        for code, name in Locale(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }


def country(text: str) -> str:
    """The ISO code of a country that is given by code or name. Raises ValueError."""
    if len(text) == 2 and text.isascii() and text.isalpha():
        return text.upper()
    code = _countries().get(text.casefold())
    if code is None:
        raise ValueError(f"{text!r} is no country that is known here; write its two letters")
    return code
