from typing import Any

import pytest

from pangolin.errors import BadRequest, ValidationFailed
from tests.iceberg.samples import Json, apply, field, order, schema, spec, struct, table

WIDER = schema(*schema()["fields"], field(4, "extra", "int"))
NARROW = schema(field(1, "id", required=True), field(3, "data", "string"))


def add_schema(doc: Json) -> Json:
    return {"action": "add-schema", "schema": doc}


def set_schema(number: int = -1) -> Json:
    return {"action": "set-current-schema", "schema-id": number}


def add_spec(*fields: tuple[str, str, int]) -> Json:
    return {"action": "add-spec", "spec": spec(*fields)}


def set_spec(number: int = -1) -> Json:
    return {"action": "set-default-spec", "spec-id": number}


def add_order(*fields: tuple[str, int]) -> Json:
    return {"action": "add-sort-order", "sort-order": order(*fields)}


def set_order(number: int = -1) -> Json:
    return {"action": "set-default-sort-order", "sort-order-id": number}


def test_a_new_schema_gets_the_next_id_and_keeps_its_field_ids() -> None:
    wide = {**WIDER, "schema-id": 77}
    made = apply(table(), add_schema(wide), set_schema())
    assert [s["schema-id"] for s in made["schemas"]] == [0, 1]
    assert made["current-schema-id"] == 1
    assert made["last-column-id"] == 4
    assert [f["id"] for f in made["schemas"][1]["fields"]] == [1, 2, 3, 4]


def test_the_schema_id_follows_the_highest_left() -> None:
    base = apply(table(), add_schema(WIDER), add_schema(NARROW))
    base = apply(base, {"action": "remove-schemas", "schema-ids": [1]})
    assert [s["schema-id"] for s in apply(base, add_schema(WIDER))["schemas"]] == [0, 2, 3]


def test_last_column_id_never_falls() -> None:
    assert apply(table(), add_schema(NARROW))["last-column-id"] == 3


def test_the_last_column_id_a_client_sends_is_ignored() -> None:
    made = apply(table(), {**add_schema(WIDER), "last-column-id": 100})
    assert made["last-column-id"] == 4


def test_an_equal_schema_is_reused() -> None:
    base = table()
    assert apply(base, add_schema({**schema(), "schema-id": 9})) is base
    assert apply(base, add_schema(schema()), set_schema()) is base


@pytest.mark.parametrize(
    "change",
    [
        {"doc": "why"},
        {"required": True},
        {"name": "other"},
        {"type": "int"},
        {"write-default": "x"},
    ],
)
def test_schemas_differ_in_any_part_of_a_field(change: Json) -> None:
    fields = schema()["fields"]
    made = apply(table(), add_schema(schema(*fields[:2], {**fields[2], **change})))
    assert len(made["schemas"]) == 2


def test_schemas_differ_in_their_identifier_fields() -> None:
    made = apply(table(), add_schema({**schema(), "identifier-field-ids": [1]}))
    assert len(made["schemas"]) == 2


def test_reverting_to_an_old_schema_may_say_minus_one() -> None:
    base = apply(table(), add_schema(WIDER), set_schema())
    assert apply(base, add_schema(schema()), set_schema())["current-schema-id"] == 0


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (set_schema(), "Cannot set last added schema: no schema has been added"),
        (set_schema(9), "Cannot set current schema to unknown schema: 9"),
        (set_spec(), "Cannot set last added spec: no spec has been added"),
        (set_spec(9), "Cannot set default partition spec to unknown spec: 9"),
        (set_order(), "Cannot set last added sort order: no sort order has been added"),
        (set_order(9), "Cannot set default sort order to unknown order: 9"),
        ({"action": "remove-schemas", "schema-ids": [0]}, "Cannot remove the current schema"),
        (
            {"action": "remove-partition-specs", "spec-ids": [0]},
            "Cannot remove the default partition spec",
        ),
    ],
)
def test_an_update_about_a_missing_or_needed_part_is_refused(update: Json, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        apply(table(), update)


@pytest.mark.parametrize("update", [set_schema(0), set_spec(0), set_order(0)])
def test_setting_what_is_set_changes_nothing(update: Json) -> None:
    base = table()
    assert apply(base, update) is base


def test_newer_types_in_an_added_schema_need_v3() -> None:
    columns = schema(*schema()["fields"], field(4, "v", "variant"))
    with pytest.raises(ValidationFailed) as failure:
        apply(table(2), add_schema(columns))
    problem = "Invalid type for v: variant is not supported until v3"
    assert failure.value.message == f"Invalid schema for v2:\n- {problem}"
    assert apply(table(3), add_schema(columns))["last-column-id"] == 4


def test_unknown_schemas_and_specs_to_remove_are_ignored() -> None:
    base = table()
    assert apply(base, {"action": "remove-schemas", "schema-ids": [5]}) is base
    assert apply(base, {"action": "remove-partition-specs", "spec-ids": [5]}) is base


def test_removing_a_spec_leaves_the_last_partition_id() -> None:
    base = apply(table(), add_spec(("id", "identity", 1)))
    made = apply(base, {"action": "remove-partition-specs", "spec-ids": [1]})
    assert [s["spec-id"] for s in made["partition-specs"]] == [0]
    assert made["last-partition-id"] == 1000


def test_a_new_spec_gets_the_next_id_and_fresh_field_ids() -> None:
    made = apply(table(), add_spec(("day", "day", 2), ("b", "bucket[8]", 1)), set_spec())
    assert made["partition-specs"][1]["spec-id"] == made["default-spec-id"] == 1
    assert [f["field-id"] for f in made["partition-specs"][1]["fields"]] == [1000, 1001]
    assert made["last-partition-id"] == 1001


def test_a_new_spec_reuses_the_field_ids_of_equal_fields() -> None:
    base = apply(table(), add_spec(("day", "day", 2), ("b", "bucket[8]", 1)))
    made = apply(base, add_spec(("bucket", "BUCKET[8]", 1), ("h", "hour", 2)))
    assert [f["field-id"] for f in made["partition-specs"][2]["fields"]] == [1001, 1002]
    assert made["last-partition-id"] == 1002


def test_field_ids_a_client_sends_are_kept() -> None:
    doc = spec(("day", "day", 2))
    doc["fields"][0]["field-id"] = 1007
    made = apply(table(), {"action": "add-spec", "spec": doc})
    assert made["partition-specs"][1]["fields"][0]["field-id"] == made["last-partition-id"] == 1007


def test_a_compatible_spec_is_reused_whatever_its_field_ids() -> None:
    base = apply(table(), add_spec(("day", "day", 2)), set_spec())
    doc = spec(("day", "day", 2))
    doc["fields"][0]["field-id"] = 1007
    assert apply(base, {"action": "add-spec", "spec": doc}, set_spec()) is base


def test_reverting_to_an_old_spec_may_say_minus_one() -> None:
    base = apply(table(), add_spec(("day", "day", 2)), set_spec())
    assert apply(base, add_spec(), set_spec())["default-spec-id"] == 0


def test_a_one_element_list_of_sources_is_a_source() -> None:
    doc = {"fields": [{"name": "day", "transform": "day", "source-ids": [2]}]}
    made = apply(table(3), {"action": "add-spec", "spec": doc})
    assert made["partition-specs"][1]["fields"][0]["source-id"] == 2


def test_v1_specs_need_sequential_ids() -> None:
    doc = spec(("day", "day", 2))
    doc["fields"][0]["field-id"] = 1001
    with pytest.raises(ValidationFailed, match="sequential IDs that are required in v1"):
        apply(table(1), {"action": "add-spec", "spec": doc})
    made = apply(table(1), add_spec(("day", "day", 2)), set_spec())
    assert made["partition-spec"][0]["field-id"] == 1000


NESTED = schema(
    field(1, "id"),
    field(2, "point", struct(field(5, "x", "int"))),
    field(3, "l", {"type": "list", "element-id": 6, "element-required": True, "element": "int"}),
    field(4, "name", "string"),
)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([("a", "identity", 99)], r"Cannot find source column for partition field: new: a: ident"),
        ([("a", "identity", 2)], "Cannot partition by non-primitive source field: struct"),
        ([("a", "hour", 1)], "Invalid source type long for transform: hour"),
        ([("a", "identity", 6)], "Invalid partition field parent: list"),
        ([("", "identity", 1)], "Cannot use empty partition name"),
        ([("a", "identity", 1), ("a", "void", 4)], "Cannot use partition name more than once: a"),
        ([("name", "bucket[3]", 1)], "sourced from different field in schema: name"),
        ([("point.x", "identity", 1)], "sourced from different field in schema: point.x"),
    ],
)
def test_a_spec_that_does_not_fit_the_schema_is_refused(fields: Any, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        apply(table(schema=NESTED), add_spec(*fields))


def test_a_spec_may_use_a_nested_column_and_its_sources_name() -> None:
    made = apply(table(schema=NESTED), add_spec(("name", "truncate[4]", 4), ("x", "identity", 5)))
    assert [f["source-id"] for f in made["partition-specs"][1]["fields"]] == [4, 5]


def test_void_needs_no_source() -> None:
    made = apply(table(), add_spec(("gone", "void", 99)))
    assert made["partition-specs"][1]["fields"][0]["transform"] == "void"


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"action": "add-spec"}, r"updates\[0\].spec must be an object"),
        ({"action": "add-spec", "spec": {"fields": [{}]}}, r"fields\[0\].transform must be a str"),
        (add_spec(("a", "bucket[0]", 1)), "is not a known transform"),
        (
            {
                "action": "add-spec",
                "spec": {"fields": [{"name": "a", "transform": "day", "source-ids": [1, 2]}]},
            },
            "source-ids must hold one id",
        ),
        ({"action": "add-sort-order", "sort-order": {}}, "sort-order.fields must be an array"),
        (
            {
                "action": "add-sort-order",
                "sort-order": {"fields": [{**order(("day", 2))["fields"][0], "direction": "up"}]},
            },
            "direction must be asc or desc",
        ),
        ({"action": "add-schema", "schema": 1}, r"updates\[0\].schema must be an object"),
        (set_schema(True), r"updates\[0\].schema-id must be an integer"),
    ],
)
def test_a_malformed_layout_update_is_named(update: Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(table(), update)


def test_sort_orders_are_numbered_from_1() -> None:
    made = apply(table(), add_order(("identity", 1)), set_order(), add_order(("day", 2)))
    assert [o["order-id"] for o in made["sort-orders"]] == [0, 1, 2]
    assert made["default-sort-order-id"] == 1


def test_an_equal_sort_order_is_reused() -> None:
    base = apply(table(), add_order(("identity", 1)), set_order())
    assert apply(base, add_order(("IDENTITY", 1)), set_order()) is base
    assert apply(base, add_order(), set_order())["default-sort-order-id"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("identity", 99), "Cannot find source column for sort field"),
        (("identity", 2), "Cannot sort by non-primitive source field: struct"),
        (("hour", 1), "Invalid source type long for transform: hour"),
    ],
)
def test_a_sort_order_that_does_not_fit_is_refused(fields: Any, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        apply(table(schema=NESTED), add_order(fields))


def test_a_source_column_of_the_default_spec_cannot_be_dropped() -> None:
    base = apply(table(), add_spec(("day", "day", 2)), set_spec())
    message = r"Cannot find source column for partition field: 1000: day: day\(2\)"
    with pytest.raises(ValidationFailed, match=message):
        apply(base, add_schema(NARROW), set_schema())


def test_a_source_column_of_the_default_order_cannot_be_dropped() -> None:
    base = apply(table(), add_order(("day", 2)), set_order())
    with pytest.raises(ValidationFailed, match="Cannot find source column for sort field"):
        apply(base, add_schema(NARROW), set_schema())


def test_a_source_column_of_an_old_spec_or_order_can_be_dropped() -> None:
    base = apply(table(), add_spec(("day", "day", 2)), add_order(("day", 2)))
    assert apply(base, add_schema(NARROW), set_schema())["current-schema-id"] == 1


def test_a_column_cannot_take_the_name_of_a_partition_field() -> None:
    base = apply(table(), add_spec(("extra", "day", 2)))
    with pytest.raises(ValidationFailed, match="sourced from different field in schema: extra"):
        apply(base, add_schema(WIDER), set_schema())


def test_members_of_specs_and_orders_we_do_not_know_survive() -> None:
    doc = {**spec(("day", "day", 2)), "engine": "x"}
    doc["fields"][0]["note"] = "y"
    made = apply(table(), {"action": "add-spec", "spec": doc})["partition-specs"][1]
    assert made["engine"] == "x"
    assert made["fields"][0]["note"] == "y"
