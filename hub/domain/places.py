"""Roughly where places are, for choosing the nearest location: country centroids and great circles.

Coordinates are degrees, north and east positive, rounded to one degree: enough to rank warehouses, not to drive by. An
operator's own table of postcode centroids, when given, comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt

Point = tuple[float, float]

EARTH_KM = 6371.0

COUNTRIES: Mapping[str, Point] = {
    "AE": (24, 54), "AR": (-34, -64), "AT": (47, 14), "AU": (-27, 134), "BE": (51, 4), "BG": (43, 25),
    "BH": (26, 51), "BR": (-10, -52), "CA": (54, -100), "CH": (47, 8), "CL": (-33, -71), "CN": (35, 104),
    "CO": (4, -73), "CY": (35, 33), "CZ": (50, 15), "DE": (51, 10), "DK": (56, 10), "EE": (59, 26),
    "EG": (27, 30), "ES": (40, -4), "FI": (64, 26), "FR": (46, 2), "GB": (54, -2), "GR": (39, 22),
    "HK": (22, 114), "HR": (45, 16), "HU": (47, 20), "ID": (-5, 120), "IE": (53, -8), "IL": (31, 35),
    "IN": (22, 79), "IQ": (33, 44), "IS": (65, -18), "IT": (43, 12), "JO": (31, 36), "JP": (36, 138),
    "KR": (36, 128), "KW": (29, 48), "LB": (34, 36), "LT": (56, 24), "LU": (50, 6), "LV": (57, 25),
    "MA": (32, -6), "MT": (36, 14), "MX": (23, -102), "MY": (3, 102), "NG": (10, 8), "NL": (52, 5),
    "NO": (62, 10), "NZ": (-41, 174), "OM": (21, 57), "PE": (-10, -76), "PH": (13, 122), "PK": (30, 70),
    "PL": (52, 20), "PT": (39, -8), "QA": (25, 51), "RO": (46, 25), "RS": (44, 21), "SA": (24, 45),
    "SE": (62, 15), "SG": (1, 104), "SI": (46, 15), "SK": (49, 19), "TH": (15, 101), "TN": (34, 9),
    "TR": (39, 35), "TW": (24, 121), "UA": (49, 32), "US": (38, -97), "VN": (16, 107), "ZA": (-29, 24),
}  # fmt: skip


def great_circle_km(a: Point, b: Point) -> float:
    """Kilometres over the ground between two points (haversine)."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (a, b))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, h)))


def where(country: str) -> Point | None:
    """The middle of a country, None for one not in the table."""
    return COUNTRIES.get(country)
