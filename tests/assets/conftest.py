"""A server with a small lake, people who call it, and a short way to call it as root."""

from tests.worlds.lake_server import admin, ann, catalog_id, lake, person
from tests.worlds.management import call, catalog, root, warehouse

__all__ = ["admin", "ann", "call", "catalog", "catalog_id", "lake", "person", "root", "warehouse"]
