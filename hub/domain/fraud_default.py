"""The rules that review goes by until a merchant switches on others, and what they know of the world.

`DEFAULT` asks only what is cheap to know: it counts orders and cards of one e-mail address, which has an index.
`STRICT` also counts addresses, phones, cards and IP addresses over a merchant's recent orders.
"""

from __future__ import annotations

DEFAULT = """\
# Rules of review: an order whose points add up to `hold_at` waits for a person, who sees each rule's part.
name = "default"
hold_at = 60

[[rule]]
name = "orders in a row from one e-mail address"
kind = "velocity"
of = "email"
within_minutes = 60
more_than = 5
weight = 25

[[rule]]
name = "many cards for one e-mail address"
kind = "many_cards"
of = "email"
within_minutes = 1440
more_than = 2
weight = 60

[[rule]]
name = "the channel warns"
kind = "channel_risk"
level = "high"
weight = 60

[[rule]]
name = "the channel is not sure"
kind = "channel_risk"
level = "medium"
weight = 25

[[rule]]
name = "first order, and a dear one"
kind = "first_order"
above = { EUR = "500", USD = "500", GBP = "450", CHF = "500", CAD = "700", AUD = "750", SEK = "5500", JPY = "75000" }
weight = 25

[[rule]]
name = "billed in one country, sent to another"
kind = "differ"
by = "country"
weight = 15

[[rule]]
name = "billed far away"
kind = "distance"
over_km = 3000
weight = 15

[[rule]]
name = "an e-mail address to throw away"
kind = "disposable_mail"
weight = 30

[[rule]]
name = "money of another country"
kind = "currency_mismatch"
ignore = ["EUR", "USD", "GBP"]
weight = 10

[address]
# Countries, or regions as COUNTRY-REGION (ISO 3166-2). An order there waits; your own law says which belong here.
embargoed = ["CU", "IR", "KP"]
# Carriers that deliver to no PO box: a part of the name of the account or of its connector.
no_po_box = ["ups", "fedex", "dhl express", "dhl_express"]
house_numbers = true
"""

STRICT = (
    DEFAULT.replace('name = "default"', 'name = "strict"', 1)
    + """
[[rule]]
name = "many orders to one address"
kind = "velocity"
of = "address"
within_minutes = 240
more_than = 3
weight = 25

[[rule]]
name = "many orders from one phone"
kind = "velocity"
of = "phone"
within_minutes = 240
more_than = 3
weight = 5

[[rule]]
name = "many orders with one card"
kind = "velocity"
of = "card"
within_minutes = 240
more_than = 3
weight = 5

[[rule]]
name = "many orders from one IP address"
kind = "velocity"
of = "ip"
within_minutes = 60
more_than = 4
weight = 20

[[rule]]
name = "many cards from one IP address"
kind = "many_cards"
of = "ip"
within_minutes = 60
more_than = 5
weight = 60

[[rule]]
name = "many cards for one address"
kind = "many_cards"
of = "address"
within_minutes = 1440
more_than = 5
weight = 40

[[rule]]
name = "a customer of long standing"
kind = "known_customer"
days = 30
weight = -25
"""
)

SHIPPED = {"default": DEFAULT, "strict": STRICT}
"""Name → rules that come with the product."""

DISPOSABLE = frozenset({
    "0815.ru", "10minutemail.com", "20minutemail.com", "33mail.com", "anonbox.net", "byom.de", "discard.email",
    "dispostable.com", "dropmail.me", "einrot.com", "emailondeck.com", "fakeinbox.com", "fakemail.net",
    "getairmail.com", "getnada.com", "grr.la", "guerrillamail.com", "guerrillamail.net", "guerrillamail.org",
    "guerrillamailblock.com", "incognitomail.com", "inboxkitten.com", "jetable.org", "mail-temp.com", "mailcatch.com",
    "maildrop.cc", "mailexpire.com", "mailinator.com", "mailinator.net", "mailnesia.com", "mailnull.com",
    "meltmail.com",
    "minutemail.com", "mintemail.com", "moakt.com", "mohmal.com", "mytemp.email", "nada.email", "nospam.ze.tc",
    "sharklasers.com", "sofort-mail.de", "spam4.me", "spambog.com", "spambox.us", "spamgourmet.com", "spamex.com",
    "temp-mail.org", "tempail.com", "tempinbox.com", "tempmail.dev", "tempmail.net", "tempmailo.com", "tempr.email",
    "throwawaymail.com", "trash-mail.com", "trashmail.com", "trashmail.de", "trashmail.net", "trbvm.com",
    "wegwerfmail.de", "wegwerfemail.de", "yopmail.com", "yopmail.fr", "yopmail.net",
})  # fmt: skip
"""Mail domains that anybody can read without a password, or that vanish within the hour."""

_EURO = "AD AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK"
HOMES = {
    currency: frozenset(countries.split())
    for currency, countries in {
        "AED": "AE", "ARS": "AR", "AUD": "AU KI NR TV", "BGN": "BG", "BHD": "BH", "BRL": "BR", "CAD": "CA",
        "CHF": "CH LI", "CLP": "CL", "CNY": "CN", "COP": "CO", "CZK": "CZ", "DKK": "DK FO GL", "EGP": "EG",
        "EUR": _EURO, "GBP": "GB GG IM JE", "HKD": "HK", "HUF": "HU", "IDR": "ID", "ILS": "IL", "INR": "IN BT",
        "ISK": "IS", "JPY": "JP", "KRW": "KR", "KWD": "KW", "MAD": "MA", "MXN": "MX", "MYR": "MY", "NGN": "NG",
        "NOK": "NO SJ", "NZD": "NZ CK NU TK", "OMR": "OM", "PEN": "PE", "PHP": "PH", "PLN": "PL", "QAR": "QA",
        "RON": "RO", "RSD": "RS", "SAR": "SA", "SEK": "SE", "SGD": "SG", "THB": "TH", "TND": "TN", "TRY": "TR",
        "TWD": "TW", "UAH": "UA", "USD": "US AS EC FM GU MH MP PA PR PW SV TL VG VI", "VND": "VN", "ZAR": "ZA LS NA SZ",
    }.items()
}  # fmt: skip
"""Currency → the countries whose money it is (ISO 4217). One that is not here matches everywhere."""
