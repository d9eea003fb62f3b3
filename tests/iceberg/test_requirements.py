from typing import Any

import pytest

from pangolin.errors import BadRequest, CommitFailed
from pangolin.iceberg.requirements import check_table, check_view, is_create
from tests.iceberg import samples

TABLE = samples.with_snapshots(7)
VIEW = {"view-uuid": samples.UUID}


@pytest.mark.parametrize(
    "requirement",
    [
        {"type": "assert-table-uuid", "uuid": samples.UUID.upper()},
        {"type": "ASSERT-REF-SNAPSHOT-ID", "ref": "main", "snapshot-id": 7},
        {"type": "assert-ref-snapshot-id", "ref": "dev", "snapshot-id": None},
        {"type": "assert-ref-snapshot-id", "ref": "dev"},
        {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 3},
        {"type": "assert-current-schema-id", "current-schema-id": 0},
        {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
        {"type": "assert-default-spec-id", "default-spec-id": 0},
        {"type": "assert-default-sort-order-id", "default-sort-order-id": 0},
    ],
)
def test_a_requirement_that_holds_passes(requirement: dict[str, Any]) -> None:
    check_table(TABLE, [requirement])


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ({"type": "assert-create"}, "table already exists"),
        (
            {"type": "assert-table-uuid", "uuid": samples.OTHER_UUID},
            f"UUID does not match: expected {samples.UUID} != {samples.OTHER_UUID}",
        ),
        (
            {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None},
            "branch main was created concurrently",
        ),
        (
            {"type": "assert-ref-snapshot-id", "ref": "main"},
            "branch main was created concurrently",
        ),
        (
            {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 6},
            "branch main has changed: expected id 6 != 7",
        ),
        (
            {"type": "assert-ref-snapshot-id", "ref": "dev", "snapshot-id": 6},
            "branch or tag dev is missing, expected 6",
        ),
        (
            {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 2},
            "last assigned field id changed: expected id 2 != 3",
        ),
        (
            {"type": "assert-current-schema-id", "current-schema-id": 1},
            "current schema changed: expected id 1 != 0",
        ),
        (
            {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 1000},
            "last assigned partition id changed: expected id 1000 != 999",
        ),
        (
            {"type": "assert-default-spec-id", "default-spec-id": 1},
            "default partition spec changed: expected id 1 != 0",
        ),
        (
            {"type": "assert-default-sort-order-id", "default-sort-order-id": 1},
            "default sort order changed: expected id 1 != 0",
        ),
    ],
)
def test_a_requirement_that_fails_is_a_conflict(requirement: dict[str, Any], message: str) -> None:
    with pytest.raises(CommitFailed) as failure:
        check_table(TABLE, [requirement])
    assert failure.value.message == f"Requirement failed: {message}"


def test_a_tag_is_called_a_tag() -> None:
    tagged = samples.apply(TABLE, samples.set_ref(7, "v1", type="tag"))
    with pytest.raises(CommitFailed, match="tag v1 was created concurrently"):
        check_table(tagged, [{"type": "assert-ref-snapshot-id", "ref": "v1"}])


def test_assert_create_passes_without_a_table() -> None:
    check_table(None, [{"type": "assert-create"}])
    assert is_create([{"type": "assert-create"}])
    assert not is_create([])


def test_assert_create_must_be_alone() -> None:
    both = [{"type": "assert-create"}, {"type": "assert-table-uuid", "uuid": samples.UUID}]
    with pytest.raises(BadRequest, match="Invalid create requirements"):
        is_create(both)


def test_other_requirements_need_a_table() -> None:
    with pytest.raises(CommitFailed, match="current table metadata is missing"):
        check_table(None, [{"type": "assert-current-schema-id", "current-schema-id": 0}])


def test_main_of_an_old_file_without_refs_is_its_current_snapshot() -> None:
    old = {name: value for name, value in TABLE.items() if name != "refs"}
    check_table(old, [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 7}])


def test_a_view_uuid_must_match() -> None:
    check_view(VIEW, [{"type": "assert-view-uuid", "uuid": samples.UUID}])
    with pytest.raises(CommitFailed, match="view UUID does not match: expected"):
        check_view(VIEW, [{"type": "assert-view-uuid", "uuid": samples.OTHER_UUID}])


@pytest.mark.parametrize(
    ("requirements", "message"),
    [
        ([{"type": "assert-view-uuid", "uuid": "x"}], "against a table"),
        ([{"type": "assert-moon"}], r"requirements\[0\].type is not a known requirement"),
        ([{}], r"requirements\[0\].type must be a string"),
        ([3], r"requirements\[0\] must be an object"),
        ({"type": "assert-create"}, "requirements must be an array"),
        (
            [{"type": "assert-current-schema-id", "current-schema-id": True}],
            r"requirements\[0\].current-schema-id must be an integer",
        ),
        ([{"type": "assert-table-uuid"}], r"requirements\[0\].uuid must be a string"),
    ],
)
def test_a_malformed_table_requirement_is_named(requirements: Any, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        check_table(TABLE, requirements)


def test_a_view_refuses_requirements_about_tables() -> None:
    with pytest.raises(BadRequest, match="Cannot validate assert-create against a view"):
        check_view(VIEW, [{"type": "assert-create"}])
