"""What the server logs while a test runs."""

from tests.logged import logged

__all__ = ["logged"]
