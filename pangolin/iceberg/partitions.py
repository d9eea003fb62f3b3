"""Partition specs: parsing, binding to a schema, and the updates that change them."""

from itertools import count

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import json_shape, types
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import FIRST_PARTITION_ID, MetadataBuilder
from pangolin.iceberg.schemas import Column, Columns
from pangolin.iceberg.transforms import Transform, known_transform, parse_transform


def parse_spec(value: object, where: str) -> Json:
    """A spec as JSON with known transforms in canonical spelling; its `spec-id` is not read.

    Raises BadRequest naming the member that is wrong.
    """
    spec = json_shape.as_object(value, where)
    fields = [_parse_field(doc, place) for place, doc in json_shape.objects(spec, "fields", where)]
    return {**spec, "fields": fields}


def source_id(field: Json, where: str) -> int:
    """The source column of a partition or sort field; `source-ids` may hold exactly one."""
    if field.get("source-id") is None and field.get("source-ids") is not None:
        sources = json_shape.integers(field, "source-ids", where)
        if len(sources) != 1:
            raise BadRequest(f"{where}.source-ids must hold one id: no known transform takes more")
        return json_shape.as_integer(sources[0], f"{where}.source-ids[0]", bits=32)
    return json_shape.integer(field, "source-id", where)


def _parse_field(field: Json, where: str) -> Json:
    transform = known_transform(json_shape.string(field, "transform", where), f"{where}.transform")
    json_shape.string(field, "name", where)
    json_shape.optional_integer(field, "field-id", where)
    parsed = {**field, "source-id": source_id(field, where), "transform": str(transform)}
    parsed.pop("source-ids", None)
    return parsed


def describe(field: Json) -> str:
    """A partition field as error messages spell it: `1000: ts_day: day(4)`."""
    number = field.get("field-id", "new")
    return f"{number}: {field['name']}: {field['transform']}({field.get('source-id')})"


def check_names(spec: Json, columns: Columns) -> None:
    """Raise ValidationFailed for an empty or repeated name, or the name of another column."""
    seen: set[str] = set()
    for field in spec["fields"]:
        name = field["name"]
        column = columns.named(name)
        if column and field["source-id"] in columns.by_id and column.id != field["source-id"]:
            message = "Cannot create identity partition sourced from different field in schema"
            raise ValidationFailed(f"{message}: {name}")
        if not name:
            raise ValidationFailed("Cannot use empty partition name: ")
        if name in seen:
            raise ValidationFailed(f"Cannot use partition name more than once: {name}")
        seen.add(name)


def check_sources(spec: Json, columns: Columns) -> None:
    """Raise ValidationFailed when a field cannot be computed from the schema; void always can."""
    for field in spec["fields"]:
        transform = parse_transform(field["transform"])
        if _always_fits(field, transform):
            continue
        column = columns.by_id.get(field.get("source-id", -1))
        if column is None:
            message = f"Cannot find source column for partition field: {describe(field)}"
            raise ValidationFailed(message)
        _check_column(column, transform, columns)


def _always_fits(field: Json, transform: Transform | None) -> bool:
    # A transform of a later version may take several columns: it cannot be checked here.
    return field.get("source-id") is None if transform is None else transform.name == "void"


def _check_column(column: Column, transform: Transform | None, columns: Columns) -> None:
    kind = types.kind(column.type)
    if types.is_nested(column.type):
        raise ValidationFailed(f"Cannot partition by non-primitive source field: {kind}")
    if transform is not None and not transform.takes(column.type):
        raise ValidationFailed(f"Invalid source type {column.type} for transform: {transform}")
    for parent in columns.parents(column):
        if types.kind(parent.type) != "struct":
            raise ValidationFailed(f"Invalid partition field parent: {types.kind(parent.type)}")


def _key(field: Json) -> tuple[object, str]:
    transform = parse_transform(field["transform"])
    return field.get("source-id"), field["transform"] if transform is None else str(transform)


def compatible(one: Json, other: Json) -> bool:
    """Whether two specs partition alike: equal source, transform and name, field by field."""
    return [(_key(f), f["name"]) for f in one["fields"]] == [
        (_key(f), f["name"]) for f in other["fields"]
    ]


def add_spec(builder: MetadataBuilder, update: Json, where: str) -> None:
    """add-spec: bind to the current schema, reuse a compatible spec, number the rest."""
    spec = parse_spec(update.get("spec"), f"{where}.spec")
    columns = builder.columns()
    check_names(spec, columns)
    check_sources(spec, columns)
    known = builder.document["partition-specs"]
    found = next((s for s in known if compatible(s, spec)), None)
    builder.added_spec = _append(builder, spec) if found is None else found["spec-id"]


def _append(builder: MetadataBuilder, spec: Json) -> int:
    known = builder.document["partition-specs"]
    spec_id: int = max((s["spec-id"] for s in known), default=-1) + 1
    fields = _numbered(builder, spec["fields"])
    numbers = [field["field-id"] for field in fields]
    if len(set(numbers)) != len(numbers):
        raise ValidationFailed(f"Cannot use partition field id more than once: {numbers}")
    if builder.version == 1 and numbers != [FIRST_PARTITION_ID + i for i in range(len(numbers))]:
        message = "Spec does not use sequential IDs that are required in v1"
        raise ValidationFailed(f"{message}: {', '.join(map(describe, fields))}")
    known.append({**spec, "spec-id": spec_id, "fields": fields})
    last = builder.document["last-partition-id"]
    builder.put("last-partition-id", max((last, *numbers)))
    return spec_id


def _numbered(builder: MetadataBuilder, fields: list[Json]) -> list[Json]:
    if builder.version == 1:
        return _numbered_from_first(fields)
    given = {f["field-id"] for f in fields if f.get("field-id") is not None}
    known = _field_ids(builder.document["partition-specs"])
    fresh = count(max((builder.document["last-partition-id"], *given)) + 1)
    numbered = []
    for field in fields:
        number = field.get("field-id")
        if number is None:
            number = known.pop(_key(field), None)
            number = next(fresh) if number is None or number in given else number
        numbered.append({**field, "field-id": number})
    return numbered


def _numbered_from_first(fields: list[Json]) -> list[Json]:
    return [
        f if f.get("field-id") is not None else {**f, "field-id": FIRST_PARTITION_ID + i}
        for i, f in enumerate(fields)
    ]


def _field_ids(specs: list[Json]) -> dict[tuple[object, str], int]:
    fields = [field for spec in specs for field in spec["fields"]]
    return {_key(f): f["field-id"] for f in sorted(fields, key=lambda f: int(f["field-id"]))}


def set_default_spec(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-default-spec: -1 is the spec this commit added last."""
    spec_id = json_shape.integer(update, "spec-id", where)
    if spec_id == -1:
        if builder.added_spec is None:
            raise ValidationFailed("Cannot set last added spec: no spec has been added")
        spec_id = builder.added_spec
    if spec_id == builder.document["default-spec-id"]:
        return
    if all(spec["spec-id"] != spec_id for spec in builder.document["partition-specs"]):
        raise ValidationFailed(f"Cannot set default partition spec to unknown spec: {spec_id}")
    builder.put("default-spec-id", spec_id)
    builder.touched_layout = True


def remove_specs(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-partition-specs: unknown ids are ignored, the default spec must stay."""
    removed = set(json_shape.integers(update, "spec-ids", where))
    if builder.document["default-spec-id"] in removed:
        raise ValidationFailed("Cannot remove the default partition spec")
    known = builder.document["partition-specs"]
    kept = [spec for spec in known if spec["spec-id"] not in removed]
    if len(kept) != len(known):
        builder.put("partition-specs", kept)
