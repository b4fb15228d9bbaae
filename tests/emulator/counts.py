"""Reads what AMXEMU_COUNTS wrote: the reference for emulator/README.md."""

from pathlib import Path
from typing import Any

import numpy as np

OPERATIONS = (
    *("LDTILECFG", "STTILECFG", "TILERELEASE", "TILEZERO", "TILELOADD", "TILESTORED"),
    *("TDPBUUD", "TDPBUSD", "TDPBSUD", "TDPBSSD", "TDPBF16PS", "TDPFP16PS"),
)
PRODUCTS = OPERATIONS[6:]
RELEASED, CONFIGURED_TO_NONE, THREAD_ENDED, PROCESS_ENDED = 1, 2, 3, 4
FORMAT = 1
RECORD = np.dtype(
    [
        ("nanoseconds", "<u8"),  # of CLOCK_REALTIME
        ("thread", "<u4"),
        ("format", "<u2"),
        ("event", "<u2"),
        ("operations", "<u8", (len(OPERATIONS),)),
        ("useful", "<u8", (len(PRODUCTS),)),  # multiply-accumulates
        ("possible", "<u8", (len(PRODUCTS),)),
    ]
)


def read_counts(path: Path) -> Any:
    """Return the records [n] of one process; ValueError if it isn't a whole number of them."""
    records = np.frombuffer(path.read_bytes(), RECORD)
    if (records["format"] != FORMAT).any():
        raise ValueError(f"{path} has records of a format other than {FORMAT}")
    return records
