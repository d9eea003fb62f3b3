"""How requests of tests say who asks."""

from base64 import b64encode


def basic(username: str, password: str) -> str:
    """Build a Basic Authorization header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def bearer(token: str) -> dict[str, str]:
    """Build the headers of a request that bears a token."""
    return {"Authorization": f"Bearer {token}"}
