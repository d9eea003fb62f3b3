"""Pangolin's records in an SQL database."""

from collections.abc import Sequence

from pangolin.plugin import BadRequest, Settings, Store, StoreBackend, hookimpl
from pangolin_sql.sqlite import open_sqlite


@hookimpl
def pangolin_stores() -> Sequence[StoreBackend]:
    """Register `sqlite:` and `postgresql:`."""
    return [
        StoreBackend(
            ("sqlite",),
            open_sqlite,
            "one file, one host: sqlite:///relative.db or sqlite:////absolute.db",
        ),
        StoreBackend(
            ("postgresql", "postgres"),
            _open_postgresql,
            "many hosts: postgresql://user:password@host:port/database",
        ),
    ]


def _open_postgresql(url: str, settings: Settings) -> Store:
    # SQLite users need not have the driver.
    try:
        from pangolin_sql.postgresql import open_postgresql
    except ImportError as error:
        raise BadRequest(
            f"store_url: no driver for PostgreSQL ({error}): pip install 'pangolin-sql[postgresql]'"
        ) from error
    return open_postgresql(url, settings)
