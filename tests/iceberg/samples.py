"""Schemas, snapshots and tables for tests: plain JSON, as clients send it."""

from typing import Any

from pangolin.iceberg.create import new_table as new_table
from pangolin.iceberg.table import apply_updates

Json = dict[str, Any]

NOW = 1_700_000_000_000
LATER = NOW + 1_000
UUID = "6f1b2a34-0c5d-4e6f-8a9b-0c1d2e3f4a5b"
OTHER_UUID = "11111111-2222-4333-8444-555555555555"
LOCATION = "s3://bucket/warehouse/ns/t"
FILE = f"{LOCATION}/metadata/00000-{UUID}.metadata.json"


def field(number: int, name: str, data_type: Any = "long", **more: Any) -> Json:
    """A struct field, optional unless `required=True`."""
    return {"id": number, "name": name, "required": False, "type": data_type, **more}


def struct(*fields: Json) -> Json:
    """A struct type."""
    return {"type": "struct", "fields": list(fields)}


def schema(*fields: Json, **more: Any) -> Json:
    """A schema of these fields; id, ts and data when none are given."""
    chosen = fields or (
        field(1, "id", required=True),
        field(2, "ts", "timestamptz"),
        field(3, "data", "string"),
    )
    return {"type": "struct", "schema-id": 0, "fields": list(chosen), **more}


def spec(*fields: tuple[str, str, int], **more: Any) -> Json:
    """A partition spec of (name, transform, source id)."""
    named = [{"name": n, "transform": t, "source-id": s} for n, t, s in fields]
    return {"spec-id": 0, "fields": named, **more}


def order(*fields: tuple[str, int]) -> Json:
    """A sort order of (transform, source id), all ascending with nulls first."""
    directed = [
        {"transform": t, "source-id": s, "direction": "asc", "null-order": "nulls-first"}
        for t, s in fields
    ]
    return {"order-id": 1 if fields else 0, "fields": directed}


def snapshot(number: int, **more: Any) -> Json:
    """An append snapshot; its sequence number is its id and it has no parent, unless told."""
    return {
        "snapshot-id": number,
        "sequence-number": number,
        "timestamp-ms": NOW + number,
        "manifest-list": f"{LOCATION}/metadata/snap-{number}.avro",
        "summary": {"operation": "append"},
        "schema-id": 0,
        **more,
    }


def request(version: int = 2, /, **more: Any) -> Json:
    """A create request for a table of this format version."""
    properties = {"format-version": str(version), **more.pop("properties", {})}
    return {"name": "t", "schema": schema(), "properties": properties, **more}


def table(version: int = 2, /, **more: Any) -> Json:
    """The metadata of a new table."""
    return new_table(request(version, **more), location=LOCATION, uuid=UUID, now_ms=NOW)


def apply(base: Json | None, *updates: Json, now_ms: int = LATER) -> Json:
    """The metadata after these updates."""
    return apply_updates(
        base, list(updates), now_ms=now_ms, metadata_location=FILE if base else None, uuid=UUID
    )


def add_snapshot(number: int, **more: Any) -> Json:
    """An add-snapshot update."""
    return {"action": "add-snapshot", "snapshot": snapshot(number, **more)}


def set_ref(number: int, name: str = "main", /, **more: Any) -> Json:
    """A set-snapshot-ref update for a branch."""
    ref = {"ref-name": name, "type": "branch", "snapshot-id": number, **more}
    return {"action": "set-snapshot-ref", **ref}


def with_snapshots(*numbers: int, version: int = 2) -> Json:
    """A table to which these snapshots were committed to main, one commit each."""
    base, parent = table(version), None
    for number in numbers:
        more = {} if version > 1 else {"sequence-number": 0}
        added = add_snapshot(
            number, **more, **({} if parent is None else {"parent-snapshot-id": parent})
        )
        base = apply(base, added, set_ref(number), now_ms=NOW + number)
        parent = number
    return base


def view_version(number: int = 1, /, **more: Any) -> Json:
    """A view version with one Spark query."""
    return {
        "version-id": number,
        "schema-id": 0,
        "timestamp-ms": NOW,
        "summary": {"engine-name": "spark"},
        "default-namespace": ["ns"],
        "representations": [sql("select 1")],
        **more,
    }


def sql(text: str, dialect: str = "spark") -> Json:
    """A SQL representation."""
    return {"type": "sql", "sql": text, "dialect": dialect}
