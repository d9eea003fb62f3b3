"""Which commits of two writers both land, which conflict, and which are refused for good."""

import pytest

from tests.end_to_end.rest import (
    Json,
    Rest,
    add_order,
    add_schema,
    add_spec,
    append,
    error,
    field,
    set_properties,
)

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)

ID, DATA = field(1, "id"), field(2, "data", "string")
MORE, OTHER = field(3, "more"), field(3, "other", "double")
NOTHING: list[Json] = []

SCHEMA_ASSERTS = [
    {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 2},
    {"type": "assert-current-schema-id", "current-schema-id": 0},
]
SPEC_ASSERTS = [
    {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
    {"type": "assert-default-spec-id", "default-spec-id": 0},
]
ORDER_ASSERTS = [{"type": "assert-default-sort-order-id", "default-sort-order-id": 0}]

# What the slower writer sends, and what the faster one did before.
BOTH_LAND = {
    "schema after properties": (
        SCHEMA_ASSERTS,
        add_schema(ID, DATA, MORE),
        [set_properties(a="b")],
    ),
    "spec after properties": (SPEC_ASSERTS, add_spec("part", 2, 1000), [set_properties(a="b")]),
    "order after properties": (ORDER_ASSERTS, add_order(1), [set_properties(a="b")]),
    "schema after spec": (SCHEMA_ASSERTS, add_schema(ID, DATA, MORE), add_spec("part", 2, 1000)),
    "spec after schema": (SPEC_ASSERTS, add_spec("part", 2, 1000), add_schema(ID, DATA, MORE)),
    "order after schema": (ORDER_ASSERTS, add_order(1), add_schema(ID, DATA, MORE)),
    "properties after all": (
        NOTHING,
        [set_properties(a="c")],
        [*add_schema(ID, DATA, MORE), *add_spec("part", 2, 1000), *add_order(1)],
    ),
}
CONFLICTS = {
    "schemas with new columns": (
        SCHEMA_ASSERTS,
        add_schema(ID, DATA, MORE),
        add_schema(ID, DATA, OTHER),
        "last assigned field id changed: expected id 2 != 3",
    ),
    "schemas without new columns": (
        SCHEMA_ASSERTS,
        add_schema(ID),
        add_schema(DATA),
        "current schema changed: expected id 0 != 1",
    ),
    "specs with new fields": (
        SPEC_ASSERTS,
        add_spec("part", 2, 1000),
        add_spec("other", 1, 1000),
        "last assigned partition id changed: expected id 999 != 1000",
    ),
    "specs": (
        SPEC_ASSERTS[1:],
        add_spec("part", 2, 1000),
        add_spec("other", 1, 1000),
        "default partition spec changed: expected id 0 != 1",
    ),
    "orders": (
        ORDER_ASSERTS,
        add_order(1),
        add_order(2),
        "default sort order changed: expected id 0 != 1",
    ),
    "properties of another table": (
        [{"type": "assert-table-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}],
        [set_properties(a="b")],
        [set_properties(c="d")],
        "UUID does not match: expected ",
    ),
}


@pytest.mark.parametrize(("asserts", "late", "early"), BOTH_LAND.values(), ids=BOTH_LAND)
def test_a_commit_whose_requirements_still_hold_lands_on_what_came_between(
    rest: Rest, name: str, asserts: list[Json], late: list[Json], early: list[Json]
) -> None:
    rest.create(name)
    between = rest.update(name, *early)
    answer = rest.commit(name, asserts, late)
    assert answer.status == 200, answer
    assert len(answer.body["metadata"]["metadata-log"]) == 2
    kept = ("schemas", "partition-specs", "sort-orders")
    after = answer.body["metadata"]
    for key in kept:
        assert [each for each in between[key] if each not in after[key]] == []
    assert between["properties"].keys() <= after["properties"].keys()


@pytest.mark.parametrize(("asserts", "late", "early", "why"), CONFLICTS.values(), ids=CONFLICTS)
def test_a_commit_whose_requirements_fail_is_a_conflict_and_changes_nothing(
    rest: Rest, name: str, asserts: list[Json], late: list[Json], early: list[Json], why: str
) -> None:
    rest.create(name)
    between = rest.update(name, *early)
    status, kind, message = error(rest.commit(name, asserts, late))
    assert (status, kind) == (409, "CommitFailedException")
    assert message.startswith(f"Requirement failed: {why}")
    assert rest.load(name) == between


def test_of_two_appends_to_one_head_the_second_is_a_conflict(rest: Rest, name: str) -> None:
    made = rest.create(name)
    first, second = append(made), append(made)
    assert rest.commit(name, *first[:2]).status == 200
    late = error(rest.commit(name, *second[:2]))
    assert late == (
        409,
        "CommitFailedException",
        "Requirement failed: branch main was created concurrently",
    )
    head = rest.load(name)
    third, fourth = append(head), append(head)
    assert rest.commit(name, *third[:2]).status == 200
    status, _, message = error(rest.commit(name, *fourth[:2]))
    expected = f"branch main has changed: expected id {first[2]} != {third[2]}"
    assert (status, message) == (409, f"Requirement failed: {expected}")


def test_a_stale_sequence_number_is_a_conflict_that_may_be_tried_again(
    rest: Rest, name: str
) -> None:
    rest.create(name)
    rest.append(name)
    _, updates, _ = append(rest.load(name))
    updates[0]["snapshot"]["sequence-number"] = 1
    status, kind, message = error(rest.commit(name, [], updates))
    assert (status, kind) == (409, "CommitFailedException")
    assert message.startswith("Validation failed, please retry")


def test_a_schema_or_spec_changed_back_is_the_old_one(rest: Rest, name: str) -> None:
    rest.create(name)
    changed = rest.update(name, *add_schema(ID, DATA, MORE), *add_spec("part", 2, 1000))
    assert (changed["current-schema-id"], changed["default-spec-id"]) == (1, 1)
    again = rest.update(
        name,
        {"action": "set-current-schema", "schema-id": 0},
        {"action": "set-default-spec", "spec-id": 0},
    )
    assert (again["current-schema-id"], again["default-spec-id"]) == (0, 0)
    assert (again["last-column-id"], again["last-partition-id"]) == (3, 1000)
    repeated = rest.update(name, *add_schema(ID, DATA, MORE), *add_spec("part", 2, 1000))
    assert (repeated["current-schema-id"], repeated["default-spec-id"]) == (1, 1)
    assert (len(repeated["schemas"]), len(repeated["partition-specs"])) == (2, 2)


@pytest.mark.parametrize(
    ("action", "listed", "key", "part", "current", "requirement"),
    [
        (
            "remove-schemas",
            "schema-ids",
            "schemas",
            "schema-id",
            "Cannot remove the current schema",
            {"type": "assert-current-schema-id", "current-schema-id": 1},
        ),
        (
            "remove-partition-specs",
            "spec-ids",
            "partition-specs",
            "spec-id",
            "Cannot remove the default partition spec",
            {"type": "assert-default-spec-id", "default-spec-id": 1},
        ),
    ],
)
def test_unused_schemas_and_specs_are_removed_and_used_ones_stay(
    rest: Rest,
    name: str,
    action: str,
    listed: str,
    key: str,
    part: str,
    current: str,
    requirement: Json,
) -> None:
    rest.create(name)
    rest.update(name, *add_schema(ID, DATA, MORE), *add_spec("part", 2, 1000))
    status, _, message = error(rest.commit(name, [], [{"action": action, listed: [1]}]))
    assert (status, message) == (400, current)
    answer = rest.commit(name, [requirement], [{"action": action, listed: [0, 77]}])
    found = answer.body["metadata"]
    assert [each[part] for each in found[key]] == [1]
    assert (found["last-column-id"], found["last-partition-id"]) == (3, 1000)


def test_unused_specs_are_not_removed_once_a_branch_moved(rest: Rest, name: str) -> None:
    rest.create(name)
    old = rest.append(name)
    branch = {"action": "set-snapshot-ref", "ref-name": "dev", "type": "branch"}
    rest.update(name, branch | {"snapshot-id": old}, *add_spec("part", 2, 1000))
    new = rest.append(name)
    rest.update(name, branch | {"snapshot-id": new})
    guard = [{"type": "assert-ref-snapshot-id", "ref": "dev", "snapshot-id": old}]
    removal = [{"action": "remove-partition-specs", "spec-ids": [0]}]
    status, kind, message = error(rest.commit(name, guard, removal))
    assert (status, kind) == (409, "CommitFailedException")
    assert message == f"Requirement failed: branch dev has changed: expected id {old} != {new}"
    assert len(rest.load(name)["partition-specs"]) == 2


@pytest.mark.parametrize(
    "commit",
    [
        ([{"type": "assert-nothing-known"}], []),
        ([{"type": "assert-view-uuid", "uuid": "x"}], []),
        ([], [{"action": "paint-it-blue"}]),
        ([], [{"no": "action"}]),
        ([], [{"action": "upgrade-format-version", "format-version": 1}]),
        ([], [{"action": "upgrade-format-version", "format-version": 9}]),
        ([], [{"action": "set-current-schema", "schema-id": -1}]),
        ([], [{"action": "set-default-spec", "spec-id": 7}]),
        ([], [{"action": "set-default-sort-order", "sort-order-id": 7}]),
        ([], [{"action": "assign-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}]),
        (
            [],
            [
                {
                    "action": "set-snapshot-ref",
                    "ref-name": "main",
                    "type": "branch",
                    "snapshot-id": 5,
                }
            ],
        ),
    ],
)
def test_what_breaks_a_rule_is_400_and_changes_nothing(
    rest: Rest, name: str, commit: tuple[list[Json], list[Json]]
) -> None:
    made = rest.create(name)
    assert error(rest.commit(name, *commit))[0] == 400
    # What comes before the broken update does not land either.
    assert error(rest.commit(name, commit[0], [set_properties(a="b"), *commit[1]]))[0] == 400
    assert rest.load(name) == made


def test_a_commit_without_effect_writes_no_file(rest: Rest, name: str) -> None:
    made = rest.create(name)
    answer = rest.commit(name, [], [{"action": "assign-uuid", "uuid": made["table-uuid"]}])
    assert answer.body["metadata"] == made
    assert len(rest.lake.files(made["location"])) == 1
