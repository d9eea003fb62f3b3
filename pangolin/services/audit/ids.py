"""Ids of audit records and segments: UUIDv7, which hold the time and sort by it (RFC 9562)."""

import os
from typing import Final

LATEST_MS: Final = 2**48 - 1


def new_id(now_ms: int, number: int = 0) -> str:
    """Return a UUIDv7 (RFC 9562) that sorts by time, and by `number` within a millisecond."""
    most = (bounded(now_ms) << 16) | 0x7000 | (number & 0xFFF)
    least = int.from_bytes(os.urandom(8)) & (2**62 - 1) | 2**63
    return _text((most << 64) | least)


def first_id(ms: int) -> str:
    """Return a text that sorts before every id of a millisecond and after all earlier ones."""
    return _text(bounded(ms) << 80)


def bounded(ms: int) -> int:
    """Return the nearest millisecond that an id can hold."""
    return min(max(ms, 0), LATEST_MS)


def _text(number: int) -> str:
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
