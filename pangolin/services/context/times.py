"""The system's clock, and times as the management API writes them."""

import time
from datetime import UTC, datetime


def epoch_ms() -> int:
    """Read the system's clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int | None) -> str | None:
    """Format epoch milliseconds (RFC 3339, UTC)."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
