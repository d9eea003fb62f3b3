"""The normal form of table metadata: what older writers left out is filled in (table spec, v1)."""

from pangolin.iceberg.json_shape import Json

UNSORTED: Json = {"order-id": 0, "fields": []}
_EMPTY_LISTS = (
    "snapshots",
    "statistics",
    "partition-statistics",
    "snapshot-log",
    "metadata-log",
    "encryption-keys",
)


def current_snapshot_id(document: Json) -> int | None:
    """The current snapshot's id; None for -1, null and missing."""
    current = document.get("current-snapshot-id")
    return None if current in (None, -1) else int(current)


def spell_current_snapshot(version: int, current: int | None) -> int | None:
    """How metadata of this version writes the current snapshot: v1 and v2 write -1 for none."""
    return -1 if current is None and version < 3 else current


def normalised(document: Json) -> Json:
    """A shallow copy with every list present and all derived members set.

    Files of v1 may lack schemas, partition specs, sort orders and refs; `current-snapshot-id` is
    None when there is none. Costs no more than the number of members.
    """
    whole = dict(document)
    whole["current-snapshot-id"] = current_snapshot_id(whole)
    _fill_schemas(whole)
    _fill_specs(whole)
    _fill_orders(whole)
    _fill_refs(whole)
    for name in _EMPTY_LISTS:
        whole[name] = whole.get(name) or []
    whole["properties"] = whole.get("properties") or {}
    whole["last-sequence-number"] = whole.get("last-sequence-number") or 0
    return whole


def _fill_schemas(whole: Json) -> None:
    if whole.get("schemas") is None:
        schema = {"schema-id": 0, **whole["schema"]}
        whole["schemas"] = [schema]
        whole["current-schema-id"] = schema["schema-id"]


def _fill_specs(whole: Json) -> None:
    if whole.get("partition-specs") is None:
        whole["partition-specs"] = [{"spec-id": 0, "fields": whole.get("partition-spec") or []}]
        whole["default-spec-id"] = 0
    whole["partition-specs"] = [_numbered(spec) for spec in whole["partition-specs"]]
    if whole.get("last-partition-id") is None:
        whole["last-partition-id"] = max(
            (field["field-id"] for spec in whole["partition-specs"] for field in spec["fields"]),
            default=999,
        )


def _numbered(spec: Json) -> Json:
    if all(field.get("field-id") is not None for field in spec["fields"]):
        return spec
    numbered = enumerate(spec["fields"], 1000)
    return {**spec, "fields": [{**field, "field-id": number} for number, field in numbered]}


def _fill_orders(whole: Json) -> None:
    if whole.get("sort-orders") is None:
        whole["sort-orders"] = [UNSORTED]
        whole["default-sort-order-id"] = 0


def _fill_refs(whole: Json) -> None:
    refs = whole.get("refs") or {}
    current = whole["current-snapshot-id"]
    if current is not None and "main" not in refs:
        refs = {**refs, "main": {"snapshot-id": current, "type": "branch"}}
    whole["refs"] = refs
