"""A server with a catalog, and a short way to call its management API."""

from tests.worlds.management import call, catalog, root, warehouse

__all__ = ["call", "catalog", "root", "warehouse"]
