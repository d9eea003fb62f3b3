import copy
from typing import Any

import pytest

from pangolin.errors import BadRequest, IllegalArgument, ValidationFailed
from pangolin.iceberg.view import apply_updates, new_view
from tests.iceberg.samples import (
    LATER,
    NOW,
    OTHER_UUID,
    UUID,
    Json,
    field,
    schema,
    sql,
    view_version,
)

PLACE = "s3://bucket/warehouse/ns/v"
OTHER_SCHEMA = schema(field(1, "n", "int"))


def view(**more: Any) -> Json:
    request = {"name": "v", "schema": schema(), "view-version": view_version(7), **more}
    return new_view(request, location=PLACE, uuid=UUID, now_ms=NOW)


def apply(base: Json, *updates: Json) -> Json:
    return apply_updates(base, list(updates), now_ms=LATER)


def add(number: int = 2, **more: Any) -> Json:
    return {"action": "add-view-version", "view-version": view_version(number, **more)}


def make_current(number: int = -1) -> Json:
    return {"action": "set-current-view-version", "view-version-id": number}


def replaced(base: Json, text: str, number: int = 2) -> Json:
    return apply(base, add(number, representations=[sql(text)]), make_current())


def version_ids(document: Json) -> list[int]:
    return [version["version-id"] for version in document["versions"]]


def logged(document: Json) -> list[tuple[int, int]]:
    return [(entry["timestamp-ms"], entry["version-id"]) for entry in document["version-log"]]


def test_a_new_view_is_version_1_of_schema_0() -> None:
    made = view(schema={**schema(field(30, "x")), "schema-id": 4})
    assert made == {
        "view-uuid": UUID,
        "format-version": 1,
        "location": PLACE,
        "schemas": [schema(field(30, "x"))],
        "current-version-id": 1,
        "versions": [view_version(1)],
        "version-log": [{"timestamp-ms": NOW, "version-id": 1}],
    }


def test_properties_are_written_only_when_there_are_any() -> None:
    assert view(properties={"a": "b"})["properties"] == {"a": "b"}
    emptied = apply(view(properties={"a": "b"}), {"action": "remove-properties", "removals": ["a"]})
    assert "properties" not in emptied


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": None}, "schema must be an object"),
        ({"view-version": None}, "view-version must be an object"),
        (
            {"view-version": view_version(representations=[])},
            "view-version.representations must hold at least one query",
        ),
        (
            {"view-version": view_version(representations=[{"type": "sql", "sql": "x"}])},
            r"representations\[0\].dialect must be a string",
        ),
        (
            {"view-version": view_version(**{"default-namespace": None})},
            "view-version.default-namespace must be an array",
        ),
        ({"properties": {"version.history.num-entries": "0"}}, "must be positive but was 0"),
    ],
)
def test_a_view_request_that_is_wrong_is_named(change: Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        view(**change)


def test_one_dialect_has_one_query() -> None:
    twice = view_version(representations=[sql("a", "trino"), sql("b", "Trino")])
    with pytest.raises(IllegalArgument) as failure:
        view(**{"view-version": twice})
    assert failure.value.message == (
        "Invalid view version: Cannot add multiple queries for dialect trino"
    )


def test_a_replace_adds_a_schema_and_a_version() -> None:
    made = apply(
        view(),
        {"action": "add-schema", "schema": {**OTHER_SCHEMA, "schema-id": 0}},
        add(2, **{"schema-id": -1, "timestamp-ms": NOW + 5}),
        make_current(),
    )
    assert [s["schema-id"] for s in made["schemas"]] == [0, 1]
    assert made["versions"][1]["schema-id"] == 1
    assert made["current-version-id"] == 2
    assert logged(made) == [(NOW, 1), (NOW + 5, 2)]


def test_an_equal_schema_and_version_are_reused() -> None:
    base = view()
    same_schema = {"action": "add-schema", "schema": schema()}
    assert apply(base, same_schema, add(5, **{"schema-id": -1}), make_current()) is base


@pytest.mark.parametrize(
    "change",
    [
        {"summary": {"engine-name": "trino"}},
        {"default-namespace": ["other"]},
        {"default-catalog": "other"},
        {"representations": [sql("select 2")]},
    ],
)
def test_versions_differ_in_any_part_of_their_definition(change: Json) -> None:
    assert version_ids(apply(view(), add(2, **change))) == [1, 2]


def test_a_version_keeps_the_id_it_came_with() -> None:
    assert version_ids(replaced(view(), "select 2", number=9)) == [1, 9]


def test_a_taken_version_id_becomes_the_next() -> None:
    first = replaced(view(), "select 2")
    second = replaced(first, "select 3")
    assert version_ids(second) == [1, 2, 3]
    assert second["current-version-id"] == 3


def test_going_back_to_a_version_is_logged_with_the_present_time() -> None:
    made = apply(replaced(view(), "select 2"), make_current(1))
    assert made["current-version-id"] == 1
    assert logged(made) == [(NOW, 1), (NOW, 2), (LATER, 1)]


def test_one_commit_makes_one_log_entry() -> None:
    made = apply(
        view(),
        add(2, representations=[sql("select 2")]),
        make_current(),
        add(3, representations=[sql("select 3")]),
        make_current(),
    )
    assert logged(made) == [(NOW, 1), (NOW, 3)]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (make_current(), "Cannot set last version id: no current version id has been set"),
        (make_current(9), "Cannot set current version to unknown version: 9"),
        (add(2, **{"schema-id": -1}), "Cannot set last added schema: no schema has been added"),
        (add(2, **{"schema-id": 9}), "Cannot add version with unknown schema: 9"),
        ({"action": "upgrade-format-version", "format-version": 2}, "Unsupported format version"),
        ({"action": "upgrade-format-version", "format-version": 0}, "Cannot downgrade v1 view"),
    ],
)
def test_a_view_update_that_breaks_a_rule_is_refused(update: Json, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        apply(view(), update)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"action": "add-snapshot"}, r"updates\[0\].action is not a view update: add-snapshot"),
        ({"action": "add-view-version"}, r"updates\[0\].view-version must be an object"),
        (make_current("1"), "view-version-id must be an integer"),  # type: ignore[arg-type]
        ({"action": "set-location", "location": ""}, "location must not be empty"),
    ],
)
def test_a_malformed_view_update_is_named(update: Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(view(), update)


@pytest.mark.parametrize(
    "update",
    [
        make_current(1),
        {"action": "assign-uuid", "uuid": UUID},
        {"action": "upgrade-format-version", "format-version": 1},
        {"action": "set-location", "location": PLACE},
        {"action": "set-properties", "updates": {}},
        {"action": "remove-properties", "removals": ["nope"]},
    ],
)
def test_view_updates_without_effect_change_nothing(update: Json) -> None:
    base = view()
    assert apply(base, update) is base


def test_a_view_keeps_its_uuid() -> None:
    with pytest.raises(IllegalArgument, match="Cannot reassign uuid"):
        apply(view(), {"action": "assign-uuid", "uuid": OTHER_UUID})


def test_location_and_properties_change() -> None:
    made = apply(
        view(),
        {"action": "set-location", "location": "s3://bucket/else/"},
        {"action": "set-properties", "updates": {"a": "b"}},
    )
    assert made["location"] == "s3://bucket/else"
    assert made["properties"] == {"a": "b"}


TWO = [sql("a", "spark"), sql("b", "trino")]


def test_a_replace_must_keep_every_dialect() -> None:
    base = view(**{"view-version": view_version(representations=TWO)})
    with pytest.raises(IllegalArgument) as failure:
        replaced(base, "select 2")
    assert failure.value.message.startswith(
        "Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false):"
    )


def test_a_property_allows_the_loss_of_a_dialect() -> None:
    base = view(
        **{
            "view-version": view_version(representations=TWO),
            "properties": {"replace.drop-dialect.allowed": "TRUE"},
        }
    )
    assert replaced(base, "select 2")["current-version-id"] == 2


def with_history(size: int, replacements: int) -> Json:
    made = view(properties={"version.history.num-entries": str(size)})
    for number in range(2, replacements + 2):
        made = replaced(made, f"select {number}", number)
    return made


def test_old_versions_expire_and_cut_the_log() -> None:
    made = with_history(3, 5)
    assert version_ids(made) == [4, 5, 6]
    assert [number for _, number in logged(made)] == [4, 5, 6]


def test_ten_versions_are_kept_by_default() -> None:
    made = view()
    for number in range(2, 14):
        made = replaced(made, f"select {number}", number)
    assert version_ids(made) == list(range(4, 14))


def test_the_current_version_never_expires() -> None:
    base = apply(with_history(3, 2), make_current(1))
    made = apply(base, add(9, representations=[sql("select 9")]))
    assert version_ids(made) == [1, 3, 9]
    assert [number for _, number in logged(made)] == [3, 1]


def test_versions_added_together_are_all_kept() -> None:
    added = [add(n, representations=[sql(f"select {n}")]) for n in (2, 3, 4)]
    base = view(properties={"version.history.num-entries": "1"})
    assert version_ids(apply(base, *added, make_current())) == [2, 3, 4]


def test_members_we_do_not_know_survive_and_the_base_stays() -> None:
    base = {**view(), "origin": "engine"}
    before = copy.deepcopy(base)
    made = apply(base, add(2, representations=[sql("select 2")], note="x"), make_current())
    assert made["origin"] == "engine"
    assert made["versions"][1]["note"] == "x"
    assert base == before
