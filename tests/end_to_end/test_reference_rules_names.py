"""Which names may be taken, moved and missed, and in what words that is said."""

from typing import Any

import pytest

from tests.end_to_end.rest import ID_DATA, NAMESPACE, Json, Rest, error
from tests.samples import view_version

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)

QUERY = {"type": "sql", "sql": "SELECT 1", "dialect": "spark"}
VERSION = view_version(NAMESPACE, query=QUERY)
CONFLICT = "AlreadyExistsException"


@pytest.fixture
def taken(rest: Rest, name: str) -> tuple[str, str]:
    """The names of a table and of a view."""
    table, view = f"{name}_t", f"{name}_v"
    rest.create(table)
    rest.good("POST", f"/namespaces/{NAMESPACE}/views", new_view(view))
    return table, view


def new_view(name: str) -> Json:
    return {"name": name, "schema": ID_DATA, "view-version": VERSION, "properties": {}}


@pytest.mark.parametrize(
    ("what", "body", "of_table", "of_view"),
    [
        (
            "tables",
            {"schema": ID_DATA},
            "Table already exists: ns.{}",
            "View with same name already exists: ns.{}",
        ),
        (
            "tables",
            {"schema": ID_DATA, "stage-create": True},
            "Table already exists: ns.{}",
            "View with same name already exists: ns.{}",
        ),
        (
            "views",
            new_view(""),
            "Table with same name already exists: ns.{}",
            "View already exists: ns.{}",
        ),
    ],
    ids=["table", "staged table", "view"],
)
def test_a_new_table_or_view_needs_a_free_name(
    rest: Rest, taken: tuple[str, str], what: str, body: Json, of_table: str, of_view: str
) -> None:
    for name, message in zip(taken, (of_table, of_view), strict=True):
        answer = rest.ask("POST", f"/namespaces/{NAMESPACE}/{what}", body | {"name": name})
        assert error(answer) == (409, CONFLICT, message.format(name))


def test_the_commit_of_a_staged_create_needs_a_free_name(
    rest: Rest, taken: tuple[str, str]
) -> None:
    table, view = taken
    create = [{"type": "assert-create"}]
    late = error(rest.commit(table, create, []))
    assert late == (409, "CommitFailedException", "Requirement failed: table already exists")
    hidden = error(rest.commit(view, create, []))
    assert hidden == (409, CONFLICT, f"View with same name already exists: ns.{view}")


def test_a_staged_create_needs_its_namespace(rest: Rest) -> None:
    answer = rest.ask(
        "POST",
        "/namespaces/nowhere/tables/t",
        {"requirements": [{"type": "assert-create"}], "updates": []},
    )
    assert error(answer) == (
        404,
        "NoSuchNamespaceException",
        "Namespace does not exist: nowhere",
    )


def test_another_requirement_beside_assert_create_is_refused(rest: Rest, name: str) -> None:
    both: list[Json] = [
        {"type": "assert-create"},
        {"type": "assert-current-schema-id", "current-schema-id": 0},
    ]
    status, _, message = error(rest.commit(name, both, []))
    assert status == 400
    assert message.startswith("Invalid create requirements")


@pytest.mark.parametrize("what", ["tables", "views"])
def test_rename_refuses_what_is_missing_or_taken(
    rest: Rest, taken: tuple[str, str], name: str, what: str
) -> None:
    own = taken[what == "views"]

    def rename(source: str, destination: str, to: str = NAMESPACE) -> tuple[int, str, str]:
        body = {
            "source": {"namespace": [NAMESPACE], "name": source},
            "destination": {"namespace": [to], "name": destination},
        }
        return error(rest.ask("POST", f"/{what}/rename", body))

    missing = {"tables": "NoSuchTableException", "views": "NoSuchViewException"}[what]
    assert rename("gone", "x")[:2] == (404, missing)
    assert rename(own, "x", "nowhere")[:2] == (404, "NoSuchNamespaceException")
    for other, label in zip(taken, ("Table", "View"), strict=True):
        if other != own:
            expected = f"Cannot rename ns.{own} to ns.{other}. {label} already exists"
            assert rename(own, other) == (409, CONFLICT, expected)
    assert rest.ask("HEAD", rest.path(own, what)).status == 204


@pytest.mark.parametrize("what", ["tables", "views"])
def test_a_rename_onto_itself_changes_nothing(
    rest: Rest, taken: tuple[str, str], what: str
) -> None:
    name = taken[what == "views"]
    own = {"namespace": [NAMESPACE], "name": name}
    rest.good("POST", f"/{what}/rename", {"source": own, "destination": own})
    assert rest.ask("HEAD", rest.path(name, what)).status == 204


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "", {"requirements": [], "updates": []}),
        ("GET", "?snapshots=refs", None),
    ],
)
@pytest.mark.parametrize("what", ["tables", "views"])
def test_a_name_of_the_other_kind_is_as_missing_as_none(
    rest: Rest, taken: tuple[str, str], what: str, method: str, suffix: str, body: Any
) -> None:
    label = {"tables": "Table", "views": "View"}[what]
    for name in (taken[what == "tables"], "nothing"):
        answer = rest.ask(method, rest.path(name, what) + suffix, body)
        expected = (404, f"NoSuch{label}Exception", f"{label} does not exist: ns.{name}")
        assert error(answer) == expected
        head = rest.ask("HEAD", rest.path(name, what))
        assert (head.status, head.body) == (404, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/namespaces/{ns}/tables", {"name": "t", "schema": ID_DATA}),
        ("/namespaces/{ns}/views", new_view("v")),
        ("/namespaces/{ns}/register", {"name": "t", "metadata-location": "file:///x"}),
        ("/namespaces/{ns}/register-view", {"name": "t", "metadata-location": "file:///x"}),
        ("/namespaces/{ns}/properties", {"updates": {"a": "b"}}),
    ],
)
def test_nothing_is_made_in_a_namespace_that_is_not_there(
    rest: Rest, path: str, body: Json
) -> None:
    answer = rest.ask("POST", path.format(ns="non-existing"), body)
    expected = (404, "NoSuchNamespaceException", "Namespace does not exist: non-existing")
    assert error(answer) == expected


def test_a_namespace_with_a_view_is_not_dropped(rest: Rest, taken: tuple[str, str]) -> None:
    rest.good("DELETE", rest.path(taken[0]))
    answer = rest.ask("DELETE", f"/namespaces/{NAMESPACE}")
    assert error(answer) == (409, "NamespaceNotEmptyException", "Namespace ns is not empty")
