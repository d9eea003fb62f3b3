"""Pangolin's records in an SQL database."""

from collections.abc import Sequence

from pangolin.plugin import StoreBackend, hookimpl
from pangolin_sql.sqlite import open_sqlite


@hookimpl
def pangolin_stores() -> Sequence[StoreBackend]:
    """Register `sqlite:`."""
    text = "one file, one host: sqlite:///relative.db or sqlite:////absolute.db"
    return [StoreBackend(("sqlite",), open_sqlite, text)]
