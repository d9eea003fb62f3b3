"""A server with the tenant acme, and people who sign in to it."""

from tests.worlds.acme import admin, ann, world

__all__ = ["admin", "ann", "world"]
