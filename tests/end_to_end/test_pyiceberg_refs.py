"""Branches and tags of a whole catalog, addressed as PyIceberg's warehouse or in a name."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    BadRequestError,
    NoSuchNamespaceError,
    NoSuchTableError,
    RESTError,
    TableAlreadyExistsError,
)

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

pytestmark = pytest.mark.end_to_end
NUMBERS = count(1)


@pytest.fixture
def branch() -> str:
    """A name for a branch or tag of the test's own."""
    return f"ref-{next(NUMBERS)}"


def test_a_branch_sees_main_as_it_was_and_keeps_its_writes(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW).append(people(1))
    lake.branch(branch)
    forked = lake.catalog(branch)
    assert forked.properties["prefix"] == f"{lake.name}@{branch}"
    forked.load_table((namespace, "t")).append(people(2))
    catalog.load_table((namespace, "t")).append(people(3))
    assert ids(forked.load_table((namespace, "t"))) == [1, 2]
    assert ids(catalog.load_table((namespace, "t"))) == [1, 3]


def test_names_made_or_dropped_on_a_branch_do_not_show_on_main(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    for name in ("kept", "dropped", "renamed"):
        catalog.create_table((namespace, name), ARROW)
    lake.branch(branch)
    forked = lake.catalog(branch)
    forked.create_namespace((namespace, "deep"))
    forked.create_table((namespace, "made"), ARROW).append(people(1))
    forked.drop_table((namespace, "dropped"))
    forked.rename_table((namespace, "renamed"), (namespace, "new_name"))
    catalog.drop_table((namespace, "kept"))
    assert [name for _, name in forked.list_tables(namespace)] == ["kept", "made", "new_name"]
    assert [name for _, name in catalog.list_tables(namespace)] == ["dropped", "renamed"]
    assert catalog.list_namespaces(namespace) == []
    assert not forked.table_exists((namespace, "dropped"))


def test_a_purge_on_one_branch_leaves_the_other_its_files(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW).append(people(1, 2))
    lake.branch(branch)
    lake.catalog(branch).purge_table((namespace, "t"))
    table = catalog.load_table((namespace, "t"))
    assert ids(table) == [1, 2]
    table.append(people(3))
    assert ids(catalog.load_table((namespace, "t"))) == [1, 2, 3]


def test_a_branch_of_a_branch_sees_both(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW).append(people(1))
    lake.branch(branch)
    lake.catalog(branch).load_table((namespace, "t")).append(people(2))
    lake.branch(f"{branch}.deeper", branch)
    deeper = lake.catalog(f"{branch}.deeper")
    deeper.load_table((namespace, "t")).append(people(3))
    lake.catalog(branch).load_table((namespace, "t")).append(people(4))
    assert ids(deeper.load_table((namespace, "t"))) == [1, 2, 3]


def test_a_table_is_addressed_on_a_ref_by_its_name(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW).append(people(1))
    lake.branch(branch)
    there = catalog.load_table((namespace, f"t@{branch}"))
    there.append(people(2))
    assert ids(catalog.load_table((namespace, f"t@{branch}"))) == [1, 2]
    assert ids(catalog.load_table((f"{namespace}@{branch}", "t"))) == [1, 2]
    assert ids(lake.catalog(branch).load_table((namespace, "t"))) == [1, 2]
    assert ids(lake.catalog(branch).load_table((namespace, "t@main"))) == [1]
    assert ids(catalog.load_table((namespace, "t"))) == [1]
    catalog.create_table((namespace, f"u@{branch}"), ARROW)
    assert not catalog.table_exists((namespace, "u"))
    assert catalog.table_exists((namespace, f"u@{branch}"))
    assert catalog.list_tables(f"{namespace}@{branch}")[-1][-1] == "u"


def test_an_at_sign_before_no_ref_belongs_to_the_name(catalog: RestCatalog, namespace: str) -> None:
    catalog.create_table((namespace, "mail@example"), ARROW).append(people(1))
    assert ids(catalog.load_table((namespace, "mail@example"))) == [1]
    assert catalog.list_tables(namespace) == [(namespace, "mail@example")]
    assert not catalog.table_exists((namespace, "mail"))


def test_a_tag_shows_the_past_and_takes_no_writes(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW).append(people(1))
    lake.tag(branch)
    catalog.load_table((namespace, "t")).append(people(2))
    frozen = lake.catalog(branch)
    table = frozen.load_table((namespace, "t"))
    assert ids(table) == [1]
    writes: list[Callable[[], Any]] = [
        lambda: table.append(people(9)),
        lambda: frozen.create_table((namespace, "u"), ARROW),
        lambda: frozen.create_table_transaction((namespace, "u"), ARROW).commit_transaction(),
        lambda: frozen.create_namespace("new"),
        lambda: frozen.drop_table((namespace, "t")),
        lambda: frozen.purge_table((namespace, "t")),
        lambda: frozen.rename_table((namespace, "t"), (namespace, "u")),
        lambda: frozen.register_table((namespace, "u"), table.metadata_location),
        lambda: frozen.update_namespace_properties(namespace, updates={"a": "b"}),
        lambda: catalog.load_table((namespace, f"t@{branch}")).append(people(9)),
    ]
    for write in writes:
        with pytest.raises(RESTError, match="tag"):
            write()
    assert ids(frozen.load_table((namespace, "t"))) == [1]
    assert frozen.list_tables(namespace) == [(namespace, "t")]
    assert ids(catalog.load_table((namespace, "t"))) == [1, 2]


def test_a_tag_outlives_the_branch_it_was_made_of(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    lake.branch(branch)
    lake.catalog(branch).create_table((namespace, "t"), ARROW).append(people(1))
    lake.tag(f"{branch}-tag", branch)
    answer = lake.server.ask("DELETE", f"/api/v1/branches/{branch}?catalog={lake.name}")
    assert answer.status == 204
    assert ids(lake.catalog(f"{branch}-tag").load_table((namespace, "t"))) == [1]
    with pytest.raises(RESTError, match="NoSuchWarehouse"):
        lake.catalog(branch)


def test_a_client_of_a_deleted_branch_is_told_so(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW)
    lake.branch(branch)
    forked = lake.catalog(branch)
    table = forked.load_table((namespace, "t"))
    lake.server.ask("DELETE", f"/api/v1/branches/{branch}?catalog={lake.name}")
    with pytest.raises((NoSuchTableError, NoSuchNamespaceError, RESTError), match=branch):
        forked.load_table((namespace, "t"))
    with pytest.raises(RESTError, match=branch):
        table.append(people(1))
    assert ids(catalog.load_table((namespace, "t"))) == []


def test_a_table_of_another_branch_cannot_be_moved_onto(
    lake: Lake, catalog: RestCatalog, namespace: str, branch: str
) -> None:
    catalog.create_table((namespace, "t"), ARROW)
    lake.branch(branch)
    with pytest.raises((BadRequestError, TableAlreadyExistsError)):
        catalog.rename_table((namespace, "t"), (namespace, f"t@{branch}"))
    assert catalog.table_exists((namespace, "t"))
