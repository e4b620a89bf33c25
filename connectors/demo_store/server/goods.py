"""What the demo stores sell: one range of goods, priced in each store's currency."""

from __future__ import annotations

from typing import NamedTuple


class Good(NamedTuple):
    """A thing for sale. `cents` is its price in euro cents before it is put into a price list."""

    sku: str
    title: str
    grams: int
    cents: int
    gtin: str


GOODS = (
    Good("MUG-BLUE", "Stoneware mug, blue", 380, 1450, "4006381000017"),
    Good("MUG-SAND", "Stoneware mug, sand", 380, 1450, "4006381000024"),
    Good("BOWL-S", "Serving bowl, small", 520, 1890, "4006381000031"),
    Good("BOWL-L", "Serving bowl, large", 1150, 3290, "4006381000048"),
    Good("PLATE-6", "Dinner plates, set of 6", 3400, 7900, "4006381000055"),
    Good("TEAPOT", "Cast iron teapot", 1700, 6400, "4006381000062"),
    Good("KETTLE", "Pour-over kettle", 980, 5950, "4006381000079"),
    Good("GRINDER", "Hand coffee grinder", 640, 8900, "4006381000086"),
    Good("BEANS-250", "Coffee beans, 250 g", 270, 890, "4006381000093"),
    Good("BEANS-1K", "Coffee beans, 1 kg", 1040, 2990, "4006381000109"),
    Good("TEA-GREEN", "Green tea, loose", 120, 1290, "4006381000116"),
    Good("TEA-BLACK", "Black tea, loose", 120, 990, "4006381000123"),
    Good("HONEY", "Forest honey", 640, 1150, "4006381000130"),
    Good("CHOC-DARK", "Dark chocolate, 5 bars", 520, 1690, "4006381000147"),
    Good("APRON", "Linen apron", 310, 3900, "4006381000154"),
    Good("TOWEL-2", "Kitchen towels, pair", 240, 1790, "4006381000161"),
    Good("KNIFE-CHEF", "Chef's knife, 20 cm", 290, 11900, "4006381000178"),
    Good("KNIFE-PAR", "Paring knife, 9 cm", 110, 4500, "4006381000185"),
    Good("BOARD-OAK", "Chopping board, oak", 1850, 4950, "4006381000192"),
    Good("PAN-28", "Steel pan, 28 cm", 1720, 8450, "4006381000208"),
    Good("POT-5L", "Stock pot, 5 l", 2600, 9900, "4006381000215"),
    Good("CANDLE-FIG", "Scented candle, fig", 430, 2650, "4006381000222"),
    Good("CANDLE-PINE", "Scented candle, pine", 430, 2650, "4006381000239"),
    Good("LAMP-DESK", "Desk lamp", 2150, 12900, "4006381000246"),
    Good("BLANKET", "Wool blanket", 1250, 14900, "4006381000253"),
    Good("CUSHION", "Linen cushion", 560, 3450, "4006381000260"),
    Good("SOCKS-M", "Merino socks, M", 90, 1690, "4006381000277"),
    Good("SOCKS-L", "Merino socks, L", 95, 1690, "4006381000284"),
    Good("TEE-S", "T-shirt, organic cotton, S", 160, 2490, "4006381000291"),
    Good("TEE-M", "T-shirt, organic cotton, M", 170, 2490, "4006381000307"),
    Good("TEE-L", "T-shirt, organic cotton, L", 185, 2490, "4006381000314"),
    Good("BAG-TOTE", "Canvas tote bag", 210, 1590, "4006381000321"),
    Good("BACKPACK", "Rolltop backpack", 980, 8990, "4006381000338"),
    Good("BOTTLE", "Insulated bottle", 340, 2790, "4006381000345"),
    Good("NOTEBOOK", "Notebook, dotted", 290, 1350, "4006381000352"),
    Good("PEN-FINE", "Fountain pen, fine", 60, 3990, "4006381000369"),
    Good("INK-BLUE", "Ink, midnight blue", 180, 1190, "4006381000376"),
    Good("PUZZLE", "Jigsaw puzzle, 1000 pieces", 760, 2190, "4006381000383"),
    Good("CHESS", "Travel chess set", 620, 3690, "4006381000390"),
    Good("PLANT-POT", "Plant pot, terracotta", 1480, 1990, "4006381000406"),
)
"""Forty things, heavy and light, dear and cheap; GTINs carry valid check digits."""

PRICE_LISTS = {
    "EUR": (100, 10),
    "USD": (112, 10),
    "GBP": (86, 10),
    "SEK": (1120, 100),
    "JPY": (165, 10),
    "KWD": (335, 50),
}
"""Currency → (minor units per euro, step): prices are rounded to the step, as price lists are."""


def price(good: Good, currency: str) -> int:
    """The price of one in minor units of `currency`."""
    rate, step = PRICE_LISTS[currency]
    return max(step, round(good.cents * rate / 100 / step) * step)
