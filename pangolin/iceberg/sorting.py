"""Sort orders: parsing, binding to a schema, and the updates that change them."""

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import json_shape, types
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder
from pangolin.iceberg.partitions import source_id
from pangolin.iceberg.schemas import Columns
from pangolin.iceberg.transforms import known_transform, parse_transform


def parse_order(value: object, where: str) -> Json:
    """A sort order as JSON in canonical spelling; its `order-id` is not read.

    Raises BadRequest naming the member that is wrong.
    """
    order = json_shape.as_object(value, where)
    fields = [_parse_field(doc, place) for place, doc in json_shape.objects(order, "fields", where)]
    return {**order, "fields": fields}


def _parse_field(field: Json, where: str) -> Json:
    transform = known_transform(json_shape.string(field, "transform", where), f"{where}.transform")
    parsed = {
        **field,
        "source-id": source_id(field, where),
        "transform": str(transform),
        "direction": _one_of(field, "direction", where, ("asc", "desc")),
        "null-order": _one_of(field, "null-order", where, ("nulls-first", "nulls-last")),
    }
    parsed.pop("source-ids", None)
    return parsed


def _one_of(field: Json, name: str, where: str, choices: tuple[str, str]) -> str:
    value = json_shape.string(field, name, where).lower()
    if value not in choices:
        raise BadRequest(f"{where}.{name} must be {' or '.join(choices)}")
    return value


def _describe(field: Json) -> str:
    source = field.get("source-id")
    return f"{field['transform']}({source}) {field['direction']} {field['null-order']}"


def check_sources(order: Json, columns: Columns) -> None:
    """Raise ValidationFailed when the order cannot be computed from the schema."""
    for field in order["fields"]:
        transform = parse_transform(field["transform"])
        if transform is None and field.get("source-id") is None:
            continue
        column = columns.by_id.get(field.get("source-id", -1))
        if column is None:
            message = f"Cannot find source column for sort field: {_describe(field)}"
            raise ValidationFailed(message)
        if types.is_nested(column.type):
            kind = types.kind(column.type)
            raise ValidationFailed(f"Cannot sort by non-primitive source field: {kind}")
        if transform is not None and not transform.takes(column.type):
            raise ValidationFailed(f"Invalid source type {column.type} for transform: {transform}")


def _key(order: Json) -> list[tuple[object, ...]]:
    return [
        (f.get("source-id"), f["transform"].lower(), f["direction"], f["null-order"])
        for f in order["fields"]
    ]


def order_id(order: Json, known: list[Json]) -> int:
    """The id an order gets: 0 when unsorted, an equal order's, or one more than the highest."""
    if not order["fields"]:
        return 0
    for other in known:
        if _key(other) == _key(order):
            return int(other["order-id"])
    return max((int(other["order-id"]) for other in known), default=0) + 1


def add_order(builder: MetadataBuilder, update: Json, where: str) -> None:
    """add-sort-order: reuse an equal order; id 0 is the unsorted order and no other."""
    order = parse_order(update.get("sort-order"), f"{where}.sort-order")
    if order["fields"]:
        check_sources(order, builder.columns())
    known = builder.document["sort-orders"]
    builder.added_order = order_id(order, known)
    if all(other["order-id"] != builder.added_order for other in known):
        known.append({**order, "order-id": builder.added_order})
        builder.changed = True


def set_default_order(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-default-sort-order: -1 is the order this commit added last."""
    wanted = json_shape.integer(update, "sort-order-id", where)
    if wanted == -1:
        if builder.added_order is None:
            raise ValidationFailed("Cannot set last added sort order: no sort order has been added")
        wanted = builder.added_order
    if wanted == builder.document["default-sort-order-id"]:
        return
    if all(order["order-id"] != wanted for order in builder.document["sort-orders"]):
        raise ValidationFailed(f"Cannot set default sort order to unknown order: {wanted}")
    builder.put("default-sort-order-id", wanted)
    builder.touched_layout = True
