"""Views, through PyIceberg."""

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    BadRequestError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    RESTError,
    TableAlreadyExistsError,
    ViewAlreadyExistsError,
)
from pyiceberg.view import View
from pyiceberg.view.metadata import ViewVersion

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW

pytestmark = pytest.mark.end_to_end


def version(namespace: str, **queries: str) -> ViewVersion:
    listed = [{"type": "sql", "sql": sql, "dialect": dialect} for dialect, sql in queries.items()]
    return ViewVersion.model_validate(
        {
            "schema-id": 0,
            "summary": {"engine-name": "test"},
            "default-namespace": (namespace,),
            "representations": listed,
        }
    )


def make(catalog: RestCatalog, namespace: str, name: str = "v", **properties: str) -> View:
    queries = {"spark": "SELECT 1 AS `id`", "trino": 'SELECT 1 AS "id"'}
    made: View = catalog.create_view(
        (namespace, name),
        ARROW,
        version(namespace, **queries),
        properties={"comment": "one", **properties},
    )
    return made


def test_a_view_is_loaded_as_it_was_made(catalog: RestCatalog, lake: Lake, namespace: str) -> None:
    made = make(catalog, namespace)
    found = catalog.load_view((namespace, "v"))
    assert found == made
    spark, trino = found.sql_for("spark"), found.sql_for("TRINO")
    assert spark is not None and spark.sql == "SELECT 1 AS `id`"
    assert trino is not None and trino.sql == 'SELECT 1 AS "id"'
    assert found.sql_for("duckdb") is None
    assert found.properties == {"comment": "one"}
    assert found.current_version().default_namespace == (namespace,)
    assert [field.name for field in found.schema().fields] == ["id", "name"]
    assert [entry.version_id for entry in found.history()] == [1]
    (file,) = lake.files(found.location())
    assert file.startswith("metadata/00000-") and file.endswith(".gz.metadata.json")


def test_views_and_tables_are_listed_apart(catalog: RestCatalog, namespace: str) -> None:
    make(catalog, namespace)
    catalog.create_table((namespace, "t"), ARROW)
    assert catalog.list_views(namespace) == [(namespace, "v")]
    assert catalog.list_tables(namespace) == [(namespace, "t")]


def test_views_and_tables_share_their_names(catalog: RestCatalog, namespace: str) -> None:
    make(catalog, namespace)
    catalog.create_table((namespace, "t"), ARROW)
    with pytest.raises(ViewAlreadyExistsError, match="View already exists"):
        make(catalog, namespace)
    with pytest.raises(ViewAlreadyExistsError, match="Table with same name already exists"):
        make(catalog, namespace, "t")
    with pytest.raises(TableAlreadyExistsError, match="View with same name already exists"):
        catalog.create_table((namespace, "v"), ARROW)
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table((namespace, "t"), (namespace, "v"))
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "v"))
    with pytest.raises(NoSuchViewError):
        catalog.load_view((namespace, "t"))


def test_views_exist_until_they_are_dropped(catalog: RestCatalog, namespace: str) -> None:
    make(catalog, namespace)
    assert catalog.view_exists((namespace, "v"))
    catalog.drop_view((namespace, "v"))
    assert not catalog.view_exists((namespace, "v"))
    assert catalog.list_views(namespace) == []
    with pytest.raises(NoSuchViewError):
        catalog.drop_view((namespace, "v"))


def test_a_view_in_an_unknown_namespace_is_refused(catalog: RestCatalog) -> None:
    # PyIceberg names no exception for it when it creates a view.
    with pytest.raises((NoSuchNamespaceError, RESTError), match="Namespace does not exist"):
        make(catalog, "nowhere")


def test_a_dropped_view_takes_its_file_along(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    made = make(catalog, namespace)
    catalog.drop_view((namespace, "v"))
    assert lake.files(made.location()) == []


def test_a_view_is_registered_from_a_file_that_was_kept(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    made = make(catalog, namespace, **{"gc.enabled": "false"})
    (file,) = lake.files(made.location())
    location = f"{made.location()}/{file}"
    with pytest.raises(BadRequestError, match="is inside the directory of another"):
        catalog.register_view((namespace, "again"), location)
    catalog.drop_view((namespace, "v"))
    again = catalog.register_view((namespace, "again"), location)
    assert again.metadata == made.metadata
    assert catalog.load_view((namespace, "again")).metadata == made.metadata
    with pytest.raises(ViewAlreadyExistsError):
        catalog.register_view((namespace, "again"), location)


def test_two_queries_of_one_dialect_are_refused(catalog: RestCatalog, namespace: str) -> None:
    twice = version(namespace, trino="SELECT 1", TRINO="SELECT 2")
    with pytest.raises(RESTError, match="Cannot add multiple queries for dialect trino"):
        catalog.create_view((namespace, "v"), ARROW, twice)
