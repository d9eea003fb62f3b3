"""Valid updates to a table, chosen by numbers: what generated tests commit."""

from collections.abc import Callable
from typing import Any

from pangolin.iceberg import partitions
from tests.iceberg import samples
from tests.iceberg.samples import LOCATION, NOW, Json

TYPES = ("int", "string", "timestamptz", "decimal(9, 2)", "uuid")


def _location(table: Json, n: int) -> list[Json]:
    return [{"action": "set-location", "location": f"s3://bucket/{n}"}]


def _properties(table: Json, n: int) -> list[Json]:
    return [{"action": "set-properties", "updates": {f"k{n % 3}": str(n)}}]


def _remove_property(table: Json, n: int) -> list[Json]:
    names = sorted(table["properties"])
    chosen = names[n % len(names) :][:1] if names else []
    return [{"action": "remove-properties", "removals": chosen}]


def _schema(table: Json, n: int) -> list[Json]:
    last = table["last-column-id"] + 1
    current = next(s for s in table["schemas"] if s["schema-id"] == table["current-schema-id"])
    added = samples.field(last, f"c{last}", TYPES[n % len(TYPES)], doc=f"number {n}")
    number = max(s["schema-id"] for s in table["schemas"]) + 1
    schema = {**current, "schema-id": number, "fields": [*current["fields"], added]}
    return [
        {"action": "add-schema", "schema": schema},
        {"action": "set-current-schema", "schema-id": -1 if n % 2 else number},
    ]


def _spec(table: Json, n: int) -> list[Json]:
    last = 1000 if table["format-version"] == 1 else table["last-partition-id"] + 1
    number = max(s["spec-id"] for s in table["partition-specs"]) + 1
    field = {
        "name": f"p{number}",
        "transform": f"bucket[{n + 1}]",
        "source-id": 1,
        "field-id": last,
    }
    spec = {"spec-id": number, "fields": [field]}
    if any(partitions.compatible(spec, known) for known in table["partition-specs"]):
        return []
    wanted = -1 if n % 2 else number
    return [
        {"action": "add-spec", "spec": spec},
        {"action": "set-default-spec", "spec-id": wanted},
    ]


def _order(table: Json, n: int) -> list[Json]:
    number = max(o["order-id"] for o in table["sort-orders"]) + 1
    fields = samples.order((f"bucket[{number + 1}]", 1))["fields"]
    wanted = -1 if n % 2 else number
    return [
        {"action": "add-sort-order", "sort-order": {"order-id": number, "fields": fields}},
        {"action": "set-default-sort-order", "sort-order-id": wanted},
    ]


def _add(table: Json, n: int) -> Json:
    number = 1 + max((s["snapshot-id"] for s in table["snapshots"]), default=0)
    more: Json = {"sequence-number": table.get("last-sequence-number", -1) + 1}
    more["timestamp-ms"] = NOW + number
    if table["format-version"] == 3:
        more |= {"first-row-id": table["next-row-id"], "added-rows": n}
    if table["current-snapshot-id"] not in (None, -1):
        more["parent-snapshot-id"] = table["current-snapshot-id"]
    return samples.add_snapshot(number, **more)


def _append(table: Json, n: int) -> list[Json]:
    added = _add(table, n)
    return [added, samples.set_ref(added["snapshot"]["snapshot-id"])]


def _append_to_branch(table: Json, n: int) -> list[Json]:
    added = _add(table, n)
    return [added, samples.set_ref(added["snapshot"]["snapshot-id"], f"b{n % 2}")]


def _some_snapshot(table: Json, n: int) -> int | None:
    known = [s["snapshot-id"] for s in table["snapshots"]]
    return int(known[n % len(known)]) if known else None


def _ref(table: Json, n: int) -> list[Json]:
    snapshot = _some_snapshot(table, n)
    more: Json = {"max-ref-age-ms": n + 1} if n % 2 else {"min-snapshots-to-keep": n + 1}
    more["type"] = "tag" if n % 2 else "branch"
    return [] if snapshot is None else [samples.set_ref(snapshot, f"r{n % 3}", **more)]


def _rollback(table: Json, n: int) -> list[Json]:
    snapshot = _some_snapshot(table, n)
    return [] if snapshot is None else [samples.set_ref(snapshot)]


def _remove_ref(table: Json, n: int) -> list[Json]:
    return [{"action": "remove-snapshot-ref", "ref-name": ("main", "r0", "r1", "b0")[n % 4]}]


def _expire(table: Json, n: int) -> list[Json]:
    snapshot = _some_snapshot(table, n)
    if snapshot is None or snapshot == table["current-snapshot-id"]:
        return []
    return [{"action": "remove-snapshots", "snapshot-ids": [snapshot]}]


def _file(table: Json, n: int) -> Json:
    size = {"file-size-in-bytes": n, "snapshot-id": _some_snapshot(table, n) or 1}
    return {"statistics-path": f"{LOCATION}/{n}.puffin", **size}


def _statistics(table: Json, n: int) -> list[Json]:
    more = {"file-footer-size-in-bytes": 1, "blob-metadata": []}
    return [{"action": "set-statistics", "statistics": {**_file(table, n), **more}}]


def _partition_statistics(table: Json, n: int) -> list[Json]:
    doc = _file(table, n)
    return [{"action": "set-partition-statistics", "partition-statistics": doc}]


def _remove_statistics(table: Json, n: int) -> list[Json]:
    member = ("statistics", "partition-statistics")[n % 2]
    known = [doc["snapshot-id"] for doc in table[member]]
    return [{"action": f"remove-{member}", "snapshot-id": known[0]}] if known else []


def _remove_schemas(table: Json, n: int) -> list[Json]:
    ids = [s["schema-id"] for s in table["schemas"] if s["schema-id"] != table["current-schema-id"]]
    return [{"action": "remove-schemas", "schema-ids": ids[: n + 1]}]


def _remove_specs(table: Json, n: int) -> list[Json]:
    default = table["default-spec-id"]
    ids = [s["spec-id"] for s in table["partition-specs"] if s["spec-id"] != default]
    return [{"action": "remove-partition-specs", "spec-ids": ids[: n + 1]}]


MOVES: dict[str, Callable[[Json, int], list[Json]]] = {
    "location": _location,
    "properties": _properties,
    "remove-property": _remove_property,
    "schema": _schema,
    "spec": _spec,
    "order": _order,
    "append": _append,
    "append-to-branch": _append_to_branch,
    "ref": _ref,
    "rollback": _rollback,
    "remove-ref": _remove_ref,
    "expire": _expire,
    "statistics": _statistics,
    "partition-statistics": _partition_statistics,
    "remove-statistics": _remove_statistics,
    "remove-schemas": _remove_schemas,
    "remove-specs": _remove_specs,
}


def updates(base: Json, chosen: list[tuple[str, int]]) -> list[Json]:
    """The updates of one commit on `base`, made by these moves in turn."""
    made: list[Json] = []
    table: Any = base
    for name, number in chosen:
        made += MOVES[name](table, number)
        table = samples.apply(base, *made)
    return made
