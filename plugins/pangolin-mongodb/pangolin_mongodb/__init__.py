"""Pangolin's records in a MongoDB replica set."""

from collections.abc import Sequence

from pangolin.plugin import StoreBackend, hookimpl
from pangolin_mongodb.store import open_mongodb


@hookimpl
def pangolin_stores() -> Sequence[StoreBackend]:
    """Register `mongodb:` and `mongodb+srv:`."""
    text = "a replica set, many servers: mongodb://host,host/database?replicaSet=name"
    return [StoreBackend(("mongodb", "mongodb+srv"), open_mongodb, text)]
