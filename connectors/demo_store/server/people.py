"""Who buys at the demo stores: names, streets and places that the address and phone rules of each country accept."""

from __future__ import annotations

import random
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A town with one of its postcodes; `region` only where addresses need one."""

    city: str
    postcode: str
    region: str = ""


class Country(NamedTuple):
    """What people of a country are called and where they live.

    `people` maps a name to the ASCII part of its e-mail address. `street`: how street and house number are written.
    `phone`: a valid number, its last digits drawn anew for each X.
    """

    people: dict[str, str]
    streets: tuple[str, ...]
    places: tuple[Place, ...]
    street: str
    phone: str
    locale: str


COUNTRIES: dict[str, Country] = {
    "DE": Country(
        {
            "Jürgen Groß": "juergen.gross",
            "Anna Müller": "anna.mueller",
            "Zeynep Yılmaz": "zeynep.yilmaz",
            "Björn Köster": "bjoern.koester",
            "Sabine Vogel": "sabine.vogel",
        },
        ("Lindenstraße", "Am Mühlbach", "Goethestraße", "Hafenweg", "Königsallee"),
        (
            Place("Hamburg", "20095"),
            Place("München", "80331"),
            Place("Köln", "50667"),
            Place("Leipzig", "04109"),
            Place("Görlitz", "02826"),
        ),
        "{street} {number}",
        "+49151234XXXXX",
        "de-DE",
    ),
    "AT": Country(
        {"Magdalena Höller": "magdalena.hoeller", "Lukas Gruber": "lukas.gruber"},
        ("Mariahilfer Straße", "Getreidegasse", "Annenstraße"),
        (Place("Wien", "1060"), Place("Salzburg", "5020"), Place("Graz", "8020")),
        "{street} {number}",
        "+43664123XXXX",
        "de-AT",
    ),
    "FR": Country(
        {"Chloé Lefèvre": "chloe.lefevre", "François Dupré": "francois.dupre", "Inès Moreau": "ines.moreau"},
        ("rue de la République", "avenue Victor Hugo", "quai des Brumes"),
        (Place("Lyon", "69002"), Place("Nantes", "44000"), Place("Strasbourg", "67000")),
        "{number} {street}",
        "+33612345XXX",
        "fr-FR",
    ),
    "NL": Country(
        {"Sanne de Vries": "sanne.devries", "Daan Jansen": "daan.jansen", "Noor van den Berg": "noor.vandenberg"},
        ("Keizersgracht", "Oudegracht", "Kerkstraat"),
        (Place("Amsterdam", "1015 CJ"), Place("Utrecht", "3511 LN"), Place("Groningen", "9712 HS")),
        "{street} {number}",
        "+31612345XXX",
        "nl-NL",
    ),
    "GR": Country(
        {"Ελένη Παπαδοπούλου": "eleni.papadopoulou", "Γιώργος Νικολάου": "giorgos.nikolaou"},
        ("Ερμού", "Λεωφόρος Νίκης", "Πατησίων"),
        (Place("Αθήνα", "105 63"), Place("Θεσσαλονίκη", "546 24"), Place("Πάτρα", "262 21")),
        "{street} {number}",
        "+30691234XXXX",
        "el-GR",
    ),
    "BG": Country(
        {"Мария Иванова": "maria.ivanova", "Георги Димитров": "georgi.dimitrov"},
        ("ул. Граф Игнатиев", "бул. Витоша", "ул. Шипка"),
        (Place("София", "1000"), Place("Пловдив", "4000"), Place("Варна", "9000")),
        "{street} {number}",
        "+35987123XXXX",
        "bg-BG",
    ),
    "US": Country(
        {
            "Olivia Bennett": "olivia.bennett",
            "Marcus Washington": "marcus.washington",
            "María José Ortega": "mj.ortega",
            "Wei Zhang": "wei.zhang",
            "Siobhan O'Neill": "siobhan.oneill",
        },
        ("Maple Avenue", "Harbor Road", "W 4th Street", "Peachtree Lane"),
        (
            Place("Portland", "04101", "ME"),
            Place("Austin", "78701", "TX"),
            Place("Seattle", "98101", "WA"),
            Place("Savannah", "31401", "GA"),
            Place("Honolulu", "96813", "HI"),
        ),
        "{number} {street}",
        "+1207555XXXX",
        "en-US",
    ),
    "CA": Country(
        {"Émilie Tremblay": "emilie.tremblay", "Noah MacDonald": "noah.macdonald"},
        ("Queen Street", "Water Street", "King Street"),
        (Place("Toronto", "M5H 2N2", "ON"), Place("Vancouver", "V6B 1A1", "BC"), Place("Halifax", "B3J 1S9", "NS")),
        "{number} {street}",
        "+1416555XXXX",
        "en-CA",
    ),
    "GB": Country(
        {"Amelia Clarke": "amelia.clarke", "Rhys Llewellyn": "rhys.llewellyn", "Priya Sharma": "priya.sharma"},
        ("High Street", "Station Road", "Victoria Terrace"),
        (Place("London", "SE1 7PB"), Place("Cardiff", "CF10 1EP"), Place("Edinburgh", "EH1 1YZ")),
        "{number} {street}",
        "+4479111234XX",
        "en-GB",
    ),
    "SE": Country(
        {"Åsa Lindqvist": "asa.lindqvist", "Erik Sjöberg": "erik.sjoberg"},
        ("Storgatan", "Drottninggatan", "Sveavägen"),
        (Place("Stockholm", "111 57"), Place("Göteborg", "411 06"), Place("Umeå", "903 26")),
        "{street} {number}",
        "+4670123XXXX",
        "sv-SE",
    ),
    "JP": Country(
        {"Yuki Tanaka": "yuki.tanaka", "Haruto Sato": "haruto.sato", "Sakura Watanabe": "sakura.watanabe"},
        ("Jingumae", "Kawaramachi-dori", "Minami"),
        (
            Place("Shibuya-ku", "150-0001", "Tokyo"),
            Place("Kyoto-shi", "604-8001", "Kyoto"),
            Place("Sapporo-shi", "060-0001", "Hokkaido"),
        ),
        "{number}-{part} {street}",
        "+8190123XXXXX",
        "ja-JP",
    ),
    "KW": Country(
        {"Fatima Al-Sabah": "fatima.alsabah", "Yousef Al-Mutairi": "yousef.almutairi"},
        ("Street 12", "Salem Al Mubarak Street", "Gulf Road"),
        (Place("Kuwait City", "13001"), Place("Salmiya", "22001"), Place("Hawalli", "32001")),
        "Block {part}, {street}, House {number}",
        "+9655012XXXX",
        "ar-KW",
    ),
}


def address(rng: random.Random, code: str) -> dict[str, Any]:
    """Somebody's postal address in country `code`, in the shape of the store's API."""
    country = COUNTRIES[code]
    place = rng.choice(country.places)
    number, part = rng.randint(1, 180), rng.randint(1, 9)
    return {
        "name": rng.choice(list(country.people)),
        "company": "",
        "street": country.street.format(street=rng.choice(country.streets), number=number, part=part),
        "extra": rng.choice(("", "", "", "Apt 4", "2nd floor")),
        "city": place.city,
        "region": place.region,
        "postcode": place.postcode,
        "country": code,
        "phone": "".join(str(rng.randrange(10)) if c == "X" else c for c in country.phone),
    }


def customer(rng: random.Random, home: dict[str, Any], number: int) -> dict[str, Any]:
    """The person who lives at `home`; `number` tells people of one name apart."""
    country = COUNTRIES[home["country"]]
    return {
        "id": f"cus_{number}",
        "name": home["name"],
        "email": f"{country.people[home['name']]}{number}@example.com",
        "phone": home["phone"],
        "locale": country.locale,
        "ip": f"203.0.113.{rng.randint(1, 254)}",
    }
