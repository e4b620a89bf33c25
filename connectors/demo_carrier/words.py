"""The carrier's scan codes and ours. A code that stands in no table becomes `unknown` and keeps its raw form."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.order import ScanStatus

SCANS: Mapping[str, ScanStatus] = {
    "LBL": ScanStatus.PRE_TRANSIT,
    "PUP": ScanStatus.IN_TRANSIT,
    "ACC": ScanStatus.IN_TRANSIT,
    "DEP": ScanStatus.IN_TRANSIT,
    "ARR": ScanStatus.IN_TRANSIT,
    "CUS": ScanStatus.IN_TRANSIT,
    "OFD": ScanStatus.OUT_FOR_DELIVERY,
    "PCK": ScanStatus.AVAILABLE_FOR_PICKUP,
    "DLV": ScanStatus.DELIVERED,
    "ATT": ScanStatus.FAILED_ATTEMPT,
    "DMG": ScanStatus.EXCEPTION,
    "WTH": ScanStatus.EXCEPTION,
    "HLD": ScanStatus.EXCEPTION,
    "RTS": ScanStatus.RETURN_TO_SENDER,
    "LST": ScanStatus.LOST,
}
"""Scan code → what it says of the parcel."""


def scan_status(code: str) -> ScanStatus:
    """The meaning of a scan code, whatever its case."""
    return SCANS.get(code.strip().upper(), ScanStatus.UNKNOWN)
