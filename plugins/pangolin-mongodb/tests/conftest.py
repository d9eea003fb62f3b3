"""Fixtures of the MongoDB store's tests."""

from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import pytest
from pangolin_mongodb.store import open_mongodb
from pymongo import MongoClient

from pangolin.plugin import Settings, Store
from tests.servers.mongodb import mongodb_url

__all__ = ["mongodb_url"]


def within(url: str, database: str) -> str:
    """Put a database name into a URL that may have options."""
    address, mark, options = url.partition("?")
    head, _, hosts = address.partition("://")
    return f"{head}://{hosts.partition('/')[0]}/{database}{mark}{options}"


@pytest.fixture
def database_url(mongodb_url: str) -> Iterator[str]:
    """The URL of an empty database that is dropped after the test."""
    name = f"pangolin_test_{uuid4().hex[:12]}"
    yield within(mongodb_url, name)
    with MongoClient[dict[str, object]](mongodb_url, timeoutMS=70_000) as client:
        client.drop_database(name)


@pytest.fixture
def open_store(database_url: str) -> Callable[[], Store]:
    """A callable that opens a store on the test's database."""
    return partial(open_mongodb, database_url, Settings(request_timeout=90.0))
