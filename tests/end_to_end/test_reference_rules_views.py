"""Views replaced by one writer or by two, and the dialects they speak."""

from typing import Any

import pytest

from tests.end_to_end.concurrency.wire import Answer
from tests.end_to_end.rest import ID_DATA, NAMESPACE, Json, Rest, error, field, set_properties
from tests.end_to_end.rest import schema as schema_of

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)
NO_SUCH = "00000000-0000-4000-8000-000000000000"


def version(number: int = 1, **queries: str) -> Json:
    """Build a version with a query for each dialect."""
    listed = [{"type": "sql", "sql": sql, "dialect": dialect} for dialect, sql in queries.items()]
    return {
        "version-id": number,
        "timestamp-ms": 1_700_000_000_000,
        "schema-id": 0,
        "summary": {"operation": "x"},
        "default-namespace": [NAMESPACE],
        "representations": listed,
    }


def create(rest: Rest, name: str, **more: Any) -> Answer:
    queries = more.pop("queries", {"spark": "SELECT 1", "trino": "SELECT 1"})
    body = {"name": name, "schema": ID_DATA, "view-version": version(**queries), "properties": {}}
    return rest.ask("POST", f"/namespaces/{NAMESPACE}/views", body | more)


def replace(rest: Rest, name: str, given: Json, *before: Json, **asserted: str) -> Answer:
    updates = [
        *before,
        {"action": "add-view-version", "view-version": given},
        {"action": "set-current-view-version", "view-version-id": -1},
    ]
    requirements: list[Json] = [{"type": "assert-view-uuid", **asserted}] if asserted else []
    return rest.commit(name, requirements, updates, "views")


@pytest.fixture
def view(rest: Rest, name: str) -> Json:
    """A view in two dialects; its metadata."""
    made = create(rest, name)
    assert made.status == 200, made
    metadata: Json = made.body["metadata"]
    return metadata


def test_a_new_view_starts_at_version_one(rest: Rest, name: str, view: Json) -> None:
    assert rest.load(name, "views") == view
    assert (view["format-version"], view["current-version-id"]) == (1, 1)
    assert [each["version-id"] for each in view["version-log"]] == [1]
    assert view["versions"][0]["summary"] == {"operation": "x"}
    answer = rest.ask("GET", rest.path(name, "views"))
    # Views have no ETag in the protocol.
    assert "ETag" not in answer.headers
    assert set(answer.body) >= {"metadata-location", "metadata"}


@pytest.mark.parametrize(
    "change",
    [
        {"view-version": None},
        {"schema": None},
        {"view-version": version() | {"default-namespace": None}},
        {"view-version": version(trino="SELECT 1", Trino="SELECT 2")},
        {"location": "file:///etc/view"},
        {"properties": {"write.metadata.path": "file:///etc/view"}},
    ],
)
def test_a_view_without_its_parts_is_400(rest: Rest, name: str, change: Json) -> None:
    assert error(create(rest, name, **change))[0] == 400
    assert rest.ask("HEAD", rest.path(name, "views")).status == 404


def test_a_view_goes_where_it_is_told(rest: Rest, name: str) -> None:
    root = rest.lake.server.get("catalogs", rest.lake.name)["storage_location"]
    asked = {"location": f"{root}/views/{name}/"}
    made = create(rest, name, **asked, properties={"write.metadata.path": f"{root}/meta/{name}"})
    assert made.body["metadata"]["location"] == f"{root}/views/{name}"
    assert made.body["metadata-location"].startswith(f"{root}/meta/{name}/00000-")


def test_a_replaced_view_keeps_its_past(rest: Rest, name: str, view: Json) -> None:
    new_schema = {"action": "add-schema", "schema": schema_of(field(1, "x"))}
    queries = {"spark": "SELECT 2", "trino": "SELECT 2"}
    answer = replace(
        rest, name, version(2, **queries) | {"schema-id": -1}, new_schema, uuid=view["view-uuid"]
    )
    found = answer.body["metadata"]
    assert found == rest.load(name, "views")
    assert (found["current-version-id"], found["view-uuid"]) == (2, view["view-uuid"])
    assert [each["schema-id"] for each in found["versions"]] == [0, 1]
    assert [each["version-id"] for each in found["version-log"]] == [1, 2]
    back = {"action": "set-current-view-version", "view-version-id": 1}
    again = rest.commit(name, [], [back], "views").body["metadata"]
    assert (again["current-version-id"], len(again["versions"])) == (1, 2)
    assert [each["version-id"] for each in again["version-log"]] == [1, 2, 1]


def test_two_replacements_of_one_version_both_land(rest: Rest, name: str, view: Json) -> None:
    for number in (2, 3):
        queries = {"spark": f"SELECT {number}", "trino": f"SELECT {number}"}
        # Both writers saw version 1, and both call theirs 2.
        answer = replace(rest, name, version(2, **queries), uuid=view["view-uuid"])
        assert answer.status == 200, answer
        assert answer.body["metadata"]["current-version-id"] == number
    found = rest.load(name, "views")
    assert [each["version-id"] for each in found["versions"]] == [1, 2, 3]


def test_an_equal_version_is_not_added_again(rest: Rest, name: str, view: Json) -> None:
    same = version(2, spark="SELECT 1", trino="SELECT 1")
    found = replace(rest, name, same).body["metadata"]
    assert found == view


def test_a_dialect_is_lost_only_when_that_is_allowed(rest: Rest, name: str, view: Json) -> None:
    only = version(2, spark="SELECT 2")
    status, _, message = error(replace(rest, name, only))
    assert status == 400
    why = "Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false)"
    assert message.startswith(why)
    allowed = set_properties(**{"replace.drop-dialect.allowed": "true"})
    assert replace(rest, name, only, allowed).status == 200
    more = version(3, SPARK="SELECT 3", duckdb="SELECT 3")
    rest.commit(
        name,
        [],
        [{"action": "remove-properties", "removals": ["replace.drop-dialect.allowed"]}],
        "views",
    )
    # Dialects are the same in any case, so that none is lost here.
    assert replace(rest, name, more).status == 200


def test_two_queries_of_one_dialect_are_refused(rest: Rest, name: str, view: Json) -> None:
    answer = replace(rest, name, version(2, trino="SELECT 1", Trino="SELECT 2", spark="x"))
    assert error(answer) == (
        400,
        "IllegalArgumentException",
        "Invalid view version: Cannot add multiple queries for dialect trino",
    )


@pytest.mark.parametrize(
    ("requirement", "status"),
    [
        ({"type": "assert-view-uuid", "uuid": NO_SUCH}, 409),
        ({"type": "assert-table-uuid", "uuid": NO_SUCH}, 400),
        ({"type": "assert-create"}, 400),
        ({"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1}, 400),
    ],
)
def test_requirements_of_a_view_are_its_own(
    rest: Rest, name: str, view: Json, requirement: Json, status: int
) -> None:
    answer = rest.commit(name, [requirement], [set_properties(a="b")], "views")
    assert error(answer)[0] == status
    assert rest.load(name, "views") == view


@pytest.mark.parametrize(
    "update",
    [
        {"action": "assign-uuid", "uuid": NO_SUCH},
        {"action": "set-current-view-version", "view-version-id": 9},
        {
            "action": "add-view-version",
            "view-version": version(2, spark="SELECT 1") | {"schema-id": 7},
        },
        {"action": "upgrade-format-version", "format-version": 2},
        {"action": "set-location", "location": "file:///etc"},
        {"action": "add-spec", "spec": {"fields": []}},
    ],
)
def test_what_breaks_a_rule_of_views_is_400(
    rest: Rest, name: str, view: Json, update: Json
) -> None:
    assert error(rest.commit(name, [], [update], "views"))[0] == 400
    assert rest.load(name, "views") == view


def test_properties_and_location_of_a_view_change(rest: Rest, name: str, view: Json) -> None:
    there = {"action": "set-location", "location": f"{view['location']}/moved"}
    answer = rest.commit(name, [], [set_properties(a="1", b="2"), there], "views")
    assert answer.body["metadata"]["properties"] == {"a": "1", "b": "2"}
    assert answer.body["metadata-location"].startswith(f"{view['location']}/moved/metadata/00001-")
    gone = {"action": "remove-properties", "removals": ["a"]}
    assert rest.commit(name, [], [gone], "views").body["metadata"]["properties"] == {"b": "2"}


def test_old_versions_expire(rest: Rest, name: str) -> None:
    create(rest, name, properties={"version.history.num-entries": "3"})
    for number in range(2, 7):
        queries = {"spark": f"SELECT {number}", "trino": f"SELECT {number}"}
        assert replace(rest, name, version(number, **queries)).status == 200
    found = rest.load(name, "views")
    assert sorted(each["version-id"] for each in found["versions"]) == [4, 5, 6]
    assert [each["version-id"] for each in found["version-log"]] == [4, 5, 6]
