"""People who call a server with a small lake."""

from tests.worlds.lake_server import admin, ann, catalog_id, lake, person

__all__ = ["admin", "ann", "catalog_id", "lake", "person"]
