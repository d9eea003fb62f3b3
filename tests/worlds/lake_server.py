"""A small lake, a server with one, and people who call it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import Context
from pangolin.services.warehouses import warehouses
from tests.worlds.lake import Caller, Lake, caller, lake_on

Person = Callable[..., Caller]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake without a server."""
    return lake_on(tmp_path)


@pytest.fixture
def catalog_id(ctx: Context, tmp_path: Path) -> str:
    """Make the catalog `lake` on the server; return its id."""
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    warehouses.create(ctx, {"name": "w", "storage_config": config})
    return str(catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})["id"])


@pytest.fixture
def person(app: Flask, catalog_id: str) -> Person:
    """Make people of the default tenant, where the lake is."""
    return lambda name, *more, **named: caller(app, name, *more, **named)


@pytest.fixture
def admin(person: Person) -> Caller:
    """The tenant's admin."""
    return person("boss", "tenant-admin")


@pytest.fixture
def ann(person: Person) -> Caller:
    """A user without grants."""
    return person("ann")
