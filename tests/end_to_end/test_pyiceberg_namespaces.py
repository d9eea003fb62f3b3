"""Namespaces and their properties, through PyIceberg."""

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    RESTError,
)

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)


def test_a_namespace_is_made_listed_and_dropped(catalog: RestCatalog) -> None:
    catalog.create_namespace("simple")
    assert catalog.namespace_exists("simple")
    assert ("simple",) in catalog.list_namespaces()
    catalog.drop_namespace("simple")
    assert not catalog.namespace_exists("simple")
    assert ("simple",) not in catalog.list_namespaces()


def test_namespaces_nest_and_only_direct_children_are_listed(
    catalog: RestCatalog, namespace: str
) -> None:
    for below in ((), ("a",), ("a", "b"), ("c",)):
        catalog.create_namespace_if_not_exists((namespace, *below))
    assert catalog.list_namespaces(namespace) == [(namespace, "a"), (namespace, "c")]
    assert catalog.list_namespaces((namespace, "a")) == [(namespace, "a", "b")]
    assert catalog.list_namespaces((namespace, "a", "b")) == []
    assert (namespace, "a") not in catalog.list_namespaces()
    table = catalog.create_table((namespace, "a", "b", "t"), ARROW)
    assert table.name() == (namespace, "a", "b", "t")
    assert catalog.list_tables((namespace, "a", "b")) == [(namespace, "a", "b", "t")]
    assert catalog.list_tables((namespace, "a")) == []


def test_a_namespace_that_holds_something_is_not_dropped(
    catalog: RestCatalog, namespace: str
) -> None:
    catalog.create_namespace((namespace, "child"))
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)
    catalog.drop_namespace((namespace, "child"))
    catalog.create_table((namespace, "t"), ARROW)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)
    catalog.drop_table((namespace, "t"))
    catalog.drop_namespace(namespace)


def test_a_taken_name_is_refused(catalog: RestCatalog, namespace: str) -> None:
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace(namespace)
    catalog.create_namespace_if_not_exists(namespace)


def test_what_is_not_there_is_said_to_be_missing(catalog: RestCatalog) -> None:
    for act in (
        catalog.load_namespace_properties,
        catalog.drop_namespace,
        catalog.list_namespaces,
        catalog.list_tables,
        catalog.list_views,
        lambda name: catalog.update_namespace_properties(name, {"a"}),
    ):
        with pytest.raises(NoSuchNamespaceError):
            act("nowhere")
    with pytest.raises(RESTError, match="Namespace does not exist: nowhere"):
        catalog.create_namespace(("nowhere", "child"))


def test_properties_are_set_changed_and_removed(catalog: RestCatalog) -> None:
    given = {"owner": "ann", "note": 'naïve "quotes" 😀', "empty": ""}
    catalog.create_namespace("with_properties", given)
    found = catalog.load_namespace_properties("with_properties")
    assert {key: found[key] for key in given} == given
    done = catalog.update_namespace_properties(
        "with_properties", removals={"owner", "never"}, updates={"note": "2", "new": "3"}
    )
    assert (done.removed, set(done.updated), done.missing) == (
        ["owner"],
        {"note", "new"},
        ["never"],
    )
    found = catalog.load_namespace_properties("with_properties")
    assert (found.get("owner"), found["note"], found["new"]) == (None, "2", "3")


def test_a_key_both_set_and_removed_is_refused(catalog: RestCatalog, namespace: str) -> None:
    # PyIceberg knows no exception for 422 but the general one.
    with pytest.raises(RESTError, match="UnprocessableEntity"):
        catalog.update_namespace_properties(namespace, removals={"a"}, updates={"a": "b"})


def test_tables_lie_below_the_location_of_their_namespace(catalog: RestCatalog) -> None:
    catalog.create_namespace("placed")
    location = catalog.load_namespace_properties("placed")["location"]
    catalog.create_namespace("moved", {"location": f"{location}_elsewhere/deep"})
    for namespace, base in (("placed", location), ("moved", f"{location}_elsewhere/deep")):
        table = catalog.create_table((namespace, "t"), ARROW)
        assert table.location().startswith(f"{base}/t-")


def test_lists_are_whole_when_paged(lake: Lake, catalog: RestCatalog, namespace: str) -> None:
    expected = [(namespace, f"n{number}") for number in range(5)]
    for each in expected:
        catalog.create_namespace(each)
    assert lake.catalog(**{"rest-page-size": "2"}).list_namespaces(namespace) == expected
