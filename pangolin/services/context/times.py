"""Times as the management API writes them."""

from datetime import UTC, datetime


def rfc3339(ms: int | None) -> str | None:
    """Format epoch milliseconds (RFC 3339, UTC)."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
