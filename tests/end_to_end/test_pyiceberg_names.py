"""Names of any kind survive the whole way from PyIceberg to storage and back."""

import pytest
from pyiceberg.catalog.rest import RestCatalog

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

pytestmark = pytest.mark.end_to_end
NAMES = [
    "a.b",
    "a/b",
    "../up",
    "a b",
    " ends ",
    "a+b",
    "100%",
    "%2F%1F",
    "it's",
    'say "hi"',
    "back\\slash",
    "é😀𝔘",
    "#?&=;:,*$",
    "select",
    "UPPER",
    "-",
    "x" * 200,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_any_name_is_written_read_renamed_and_purged(
    lake: Lake, catalog: RestCatalog, name: str
) -> None:
    catalog.create_namespace_if_not_exists((name,))
    table = catalog.create_table((name, name), ARROW)
    table.append(people(1, 2))
    assert catalog.list_tables((name,)) == [(name, name)]
    assert (name,) in catalog.list_namespaces()
    loaded = catalog.load_table((name, name))
    assert ids(loaded) == [1, 2]
    loaded.append(people(3))
    moved = catalog.rename_table((name, name), (name, f"{name}2"))
    assert ids(moved) == [1, 2, 3]
    assert not catalog.table_exists((name, name))
    assert lake.files(table.location())
    catalog.purge_table((name, f"{name}2"))
    assert lake.files(table.location()) == []
    catalog.drop_namespace((name,))


@pytest.mark.parametrize("name", NAMES)
def test_a_nested_namespace_of_any_name_is_found_again(catalog: RestCatalog, name: str) -> None:
    catalog.create_namespace_if_not_exists("nest")
    outer, inner = ("nest", name), ("nest", name, name)
    catalog.create_namespace(outer)
    catalog.create_namespace(inner, {"a": name})
    assert catalog.list_namespaces(outer) == [inner]
    assert catalog.load_namespace_properties(inner)["a"] == name
    assert outer in catalog.list_namespaces("nest")
    catalog.drop_namespace(inner)
    assert catalog.list_namespaces(outer) == []


def test_names_that_differ_only_in_case_or_form_are_different(
    catalog: RestCatalog, namespace: str
) -> None:
    # The first accented letter is one character, the second is two.
    names = sorted(["t", "T", "\u00e9", "e\u0301", "a b", "a+b", "a%20b"])
    for number, name in enumerate(names):
        catalog.create_table((namespace, name), ARROW).append(people(number))
    assert sorted(name for _, name in catalog.list_tables(namespace)) == names
    for number, name in enumerate(names):
        assert ids(catalog.load_table((namespace, name))) == [number]
