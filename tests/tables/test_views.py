"""Views through the services: what a drop leaves behind, and how a rename is refused."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pangolin.errors import AlreadyExists
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import creation, tables
from pangolin.services.versioned.relations import VIEWS
from tests.samples import SCHEMA, view_version

VERSION = view_version("db")


def create(ctx: Context, name: str, **properties: str) -> str:
    """Create a view; return the location of its metadata file."""
    asked: dict[str, Any] = {
        "name": name,
        "schema": SCHEMA,
        "view-version": VERSION,
        "properties": {key.replace("_", "."): value for key, value in properties.items()},
    }
    location = creation.create(ctx, "lake", ["db"], asked, VIEWS).location
    assert location
    return location


def drop(ctx: Context, name: str) -> None:
    tables.drop(ctx, "lake", ["db"], name, VIEWS, purge=True)


def is_there(location: str) -> bool:
    return Path(location.removeprefix("file://")).exists()


def test_drop_deletes_the_metadata_file_of_a_view(ctx: Context) -> None:
    location = create(ctx, "v")
    drop(ctx, "v")
    assert not is_there(location)


def test_a_view_without_garbage_collection_keeps_its_file_and_can_be_registered_again(
    ctx: Context,
) -> None:
    location = create(ctx, "v", gc_enabled="false")
    drop(ctx, "v")
    garbage_collection.collect(ctx.runtime)
    assert is_there(location)
    answer = creation.register(ctx, "lake", ["db"], "w", location, relation=VIEWS)
    assert orjson.loads(answer.metadata)["current-version-id"] == 1


def test_rename_says_what_has_the_name(ctx: Context) -> None:
    create(ctx, "v")
    create(ctx, "taken")
    creation.create(ctx, "lake", ["db"], {"name": "t", "schema": SCHEMA})
    with pytest.raises(AlreadyExists, match=r"Cannot rename db\.v to db\.taken\. View already ex"):
        tables.rename(ctx, "lake", (["db"], "v"), (["db"], "taken"), VIEWS)
    with pytest.raises(AlreadyExists, match=r"Cannot rename db\.v to db\.t\. Table already exists"):
        tables.rename(ctx, "lake", (["db"], "v"), (["db"], "t"), VIEWS)
    with pytest.raises(AlreadyExists, match=r"Cannot rename db\.t to db\.v\. View already exists"):
        tables.rename(ctx, "lake", (["db"], "t"), (["db"], "v"))
