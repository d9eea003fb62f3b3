"""Tables made and replaced in one commit, as engines do for CREATE OR REPLACE."""

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
    schema,
    set_properties,
)

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)

ID, DATA = field(1, "id"), field(2, "data", "string")
CREATE = [{"type": "assert-create"}]
NO_MAIN = {"action": "remove-snapshot-ref", "ref-name": "main"}


def replacement(metadata: Json, *updates: Json) -> tuple[list[Json], list[Json]]:
    """Build what replaces a table: only ids that were given are guarded."""
    asserts: list[Json] = [{"type": "assert-table-uuid", "uuid": metadata["table-uuid"]}]
    actions = [update["action"] for update in updates]
    if "add-schema" in actions:
        known = {"last-assigned-field-id": metadata["last-column-id"]}
        asserts.append({"type": "assert-last-assigned-field-id", **known})
    if "add-spec" in actions:
        known = {"last-assigned-partition-id": metadata["last-partition-id"]}
        asserts.append({"type": "assert-last-assigned-partition-id", **known})
    return asserts, [NO_MAIN, *updates]


def test_a_table_staged_and_committed_is_all_it_was_said_to_be(rest: Rest, name: str) -> None:
    staged = rest.create(name, stage=True, properties={"a": "b"})
    assert rest.ask("HEAD", rest.path(name)).status == 404
    requirements, rows, number = append(staged)
    assert requirements
    answer = rest.commit(
        name,
        CREATE,
        [
            {"action": "assign-uuid", "uuid": staged["table-uuid"]},
            {"action": "upgrade-format-version", "format-version": 2},
            *add_schema(ID, DATA),
            *add_spec("part", 2, 1000, "truncate[3]"),
            *add_order(1),
            {"action": "set-location", "location": staged["location"]},
            set_properties(a="b"),
            *rows,
        ],
    )
    assert answer.status == 200, answer
    found = answer.body["metadata"]
    assert found == rest.load(name)
    assert (found["table-uuid"], found["location"]) == (staged["table-uuid"], staged["location"])
    assert found["schemas"][0]["fields"] == [ID, DATA]
    assert found["partition-specs"][0]["fields"][0]["transform"] == "truncate[3]"
    assert found["sort-orders"][-1]["fields"][0]["source-id"] == 1
    assert found["properties"]["a"] == "b"
    assert (found["current-snapshot-id"], found["metadata-log"]) == (number, [])
    assert answer.body["metadata-location"].rpartition("/")[2].startswith("00000-")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_field_ids_of_a_staged_create_are_taken_as_they_are(
    rest: Rest, name: str, version: int
) -> None:
    staged = rest.create(name, stage=True)
    answer = rest.commit(
        name,
        CREATE,
        [
            {"action": "assign-uuid", "uuid": staged["table-uuid"]},
            {"action": "upgrade-format-version", "format-version": version},
            *add_schema(field(7, "x"), field(5, "y")),
            {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
            {"action": "set-default-spec", "spec-id": -1},
            {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
            {"action": "set-default-sort-order", "sort-order-id": -1},
            {"action": "set-location", "location": staged["location"]},
        ],
    )
    assert answer.status == 200, answer
    found = answer.body["metadata"]
    assert [each["id"] for each in found["schemas"][0]["fields"]] == [7, 5]
    assert (found["last-column-id"], found["format-version"]) == (7, version)


def test_field_ids_of_a_create_are_given_afresh_level_by_level(rest: Rest, name: str) -> None:
    inner = {"type": "struct", "fields": [field(50, "x", required=True)]}
    pairs = {"type": "map", "key-id": 8, "key": "string", "value-id": 9, "value": inner}
    given = schema(
        field(100, "first", required=True),
        {"id": 3, "name": "pairs", "required": False, "type": pairs | {"value-required": True}},
        field(1, "last"),
        **{"identifier-field-ids": [100]},
    )
    spec = {"fields": [{"name": "p", "source-id": 1, "transform": "identity"}]}
    found = rest.create(name, given, spec=spec)
    made = found["schemas"][0]
    assert [each["id"] for each in made["fields"]] == [1, 2, 3]
    nested = made["fields"][1]["type"]
    assert (nested["key-id"], nested["value-id"]) == (4, 5)
    assert nested["value"]["fields"][0]["id"] == 6
    assert (made["identifier-field-ids"], found["last-column-id"]) == ([1], 6)
    (part,) = found["partition-specs"][0]["fields"]
    assert (part["source-id"], part["field-id"]) == (3, 1000)


def test_a_replaced_table_keeps_its_uuid_snapshots_and_log(rest: Rest, name: str) -> None:
    made = rest.create(name)
    first = rest.append(name)
    before = rest.load(name)
    asserts, updates = replacement(before, *add_schema(field(3, "x")))
    empty = rest.commit(name, asserts, updates).body["metadata"]
    assert empty["table-uuid"] == made["table-uuid"]
    assert (empty["current-snapshot-id"], empty["refs"]) == (-1, {})
    assert [each["snapshot-id"] for each in empty["snapshots"]] == [first]
    assert empty["snapshot-log"] == before["snapshot-log"]
    second = rest.append(name)
    after = rest.load(name)
    assert [each["snapshot-id"] for each in after["snapshot-log"]] == [first, second]
    assert after["last-column-id"] == 3


def test_a_table_replaced_with_rows_shows_only_these(rest: Rest, name: str) -> None:
    rest.create(name)
    old = rest.append(name)
    before = rest.load(name)
    _, rows, new = append(before)
    del rows[0]["snapshot"]["parent-snapshot-id"]
    asserts, updates = replacement(before, *add_schema(ID, DATA, field(3, "x")), *rows)
    found = rest.commit(name, asserts, updates).body["metadata"]
    assert found["current-snapshot-id"] == new
    assert [each["snapshot-id"] for each in found["snapshot-log"]] == [old, new]
    assert found["last-sequence-number"] == 2


# The second replacement was prepared on the table as it was before the first.
WINNING = {
    "same columns": (add_schema(ID), add_schema(DATA)),
    "rows dropped twice": ([], add_order(2)),
    "sort order": (add_order(1), add_order(2)),
    "properties": ([set_properties(a="1")], [set_properties(a="2")]),
}
LOSING = {
    "new columns": (
        add_schema(ID, DATA, field(3, "x")),
        add_schema(ID, DATA, field(3, "y")),
        "last assigned field id changed: expected id 2 != 3",
    ),
    "new partition fields": (
        add_spec("p", 2, 1000),
        add_spec("q", 1, 1000),
        "last assigned partition id changed: expected id 999 != 1000",
    ),
}


@pytest.mark.parametrize(("early", "late"), WINNING.values(), ids=WINNING)
def test_of_concurrent_replacements_the_last_wins(
    rest: Rest, name: str, early: list[Json], late: list[Json]
) -> None:
    rest.create(name)
    rest.append(name)
    before = rest.load(name)
    for updates in (early, late):
        answer = rest.commit(name, *replacement(before, *updates))
        assert answer.status == 200, answer
    found = rest.load(name)
    fields = {each["schema-id"]: each["fields"] for each in found["schemas"]}
    orders = {each["order-id"]: each["fields"] for each in found["sort-orders"]}
    kinds = {update["action"] for update in late}
    if "add-schema" in kinds:
        assert fields[found["current-schema-id"]] == [DATA]
    if "add-sort-order" in kinds:
        assert orders[found["default-sort-order-id"]][0]["source-id"] == 2
    if "set-properties" in kinds:
        assert found["properties"]["a"] == "2"


@pytest.mark.parametrize(("early", "late", "why"), LOSING.values(), ids=LOSING)
def test_of_concurrent_replacements_that_give_ids_the_first_wins(
    rest: Rest, name: str, early: list[Json], late: list[Json], why: str
) -> None:
    rest.create(name)
    rest.append(name)
    before = rest.load(name)
    assert rest.commit(name, *replacement(before, *early)).status == 200
    winner = rest.load(name)
    answer = error(rest.commit(name, *replacement(before, *late)))
    assert answer == (409, "CommitFailedException", f"Requirement failed: {why}")
    assert rest.load(name) == winner


def test_a_replacement_of_what_was_dropped_is_404(rest: Rest, name: str) -> None:
    made = rest.create(name)
    rest.good("DELETE", rest.path(name))
    answer = error(rest.commit(name, *replacement(made, set_properties(a="b"))))
    assert answer == (404, "NoSuchTableException", f"Table does not exist: ns.{name}")
