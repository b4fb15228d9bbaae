"""The time of day, as lines that people follow begin with it."""

import time


def time_of_day() -> str:
    """Return the hours, minutes and seconds where this runs; a container is given a zone by TZ."""
    return time.strftime("%H:%M:%S")


def zone() -> str:
    """Return this machine's zone for TZ, in the form that needs no data: its offset from UTC."""
    offset = time.localtime().tm_gmtoff
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"<here>{'-' if offset >= 0 else '+'}{hours:02}:{minutes:02}"
