"""View metadata: creating it and applying a commit's updates (view spec; REST spec)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pangolin.errors import BadRequest, IllegalArgument, ValidationFailed
from pangolin.iceberg import identity, json_shape, properties, schemas, view_versions
from pangolin.iceberg.json_shape import Json

_COPIED = ("schemas", "versions", "version-log")


@dataclass(slots=True)
class ViewDraft:
    """A view's document being changed; `added_*` is what -1 stands for."""

    document: Json
    now_ms: int
    changed: bool = False
    added_schema: int | None = None
    added_version: int | None = None
    added_versions: set[int] = field(default_factory=set)
    log_entry: Json | None = None

    def put(self, name: str, value: Any) -> None:
        """Set one member of the document."""
        self.document[name] = value
        self.changed = True


def new_view(request: Json, *, location: str, uuid: str, now_ms: int) -> Json:
    """The metadata a create request asks for: version 1, schema 0, field ids as they were sent.

    Raises BadRequest naming the member that is wrong (REST spec, CreateViewRequest).
    """
    json_shape.check_depth(request, "the request")
    schema = schemas.parse_schema(request.get("schema"), "schema")
    asked = json_shape.an_object(request, "view-version", "")
    ours = {"version-id": 1, "timestamp-ms": now_ms, "schema-id": 0}
    version = view_versions.parse_version({**asked, **ours}, "view-version")
    given = request.get("properties")
    document: Json = {
        "view-uuid": uuid,
        "format-version": 1,
        "location": location,
        "schemas": [{**schema, "schema-id": 0}],
        "current-version-id": 1,
        "versions": [version],
        "version-log": [{"timestamp-ms": now_ms, "version-id": 1}],
        "properties": {} if given is None else json_shape.string_map(request, "properties", ""),
    }
    view_versions.expire(document, {1})
    return _spelled(document)


def apply_updates(base: Json, updates: list[Json], *, now_ms: int) -> Json:
    """The metadata after `updates`, in order; `base` itself if they change nothing.

    Raises BadRequest for malformed updates, ValidationFailed and IllegalArgument for those that
    break a rule. `base` is never changed.
    """
    document = dict(base)
    document.update((name, list(base.get(name) or ())) for name in _COPIED)
    document["properties"] = dict(base.get("properties") or {})
    builder = ViewDraft(document, now_ms)
    json_shape.check_depth(updates, "updates")
    for where, update in json_shape.as_objects(updates, "updates"):
        _UPDATES[_action(update, where)](builder, update, where)
    return _build(base, builder) if builder.changed else base


def _action(update: Json, where: str) -> str:
    action = json_shape.string(update, "action", where).lower()
    if action not in _UPDATES:
        raise BadRequest(f"{where}.action is not a view update: {action[:200]}")
    return action


def _version(document: Json, version_id: int) -> Json | None:
    return next((v for v in document["versions"] if v["version-id"] == version_id), None)


def _build(base: Json, builder: ViewDraft) -> Json:
    document = builder.document
    if builder.log_entry is not None:
        document["version-log"].append(builder.log_entry)
    previous = _version(base, base["current-version-id"])
    current = _version(document, document["current-version-id"])
    if previous is not None and current is not None:
        view_versions.check_dialects(previous, current, document["properties"])
    view_versions.expire(document, builder.added_versions)
    return _spelled(document)


def _spelled(document: Json) -> Json:
    if not document["properties"]:
        del document["properties"]
    return document


def _assign_uuid(builder: ViewDraft, update: Json, where: str) -> None:
    uuid = identity.uuid_of(update, "uuid", where)
    if uuid.lower() != builder.document["view-uuid"].lower():
        raise IllegalArgument("Cannot reassign uuid")


def _upgrade(builder: ViewDraft, update: Json, where: str) -> None:
    version, known = (
        json_shape.integer(update, "format-version", where),
        builder.document["format-version"],
    )
    if version < known:
        raise ValidationFailed(f"Cannot downgrade v{known} view to v{version}")
    if version > known:
        raise ValidationFailed(f"Unsupported format version: v{version} (supported: v{known})")


def _set_location(builder: ViewDraft, update: Json, where: str) -> None:
    location = identity.location_of(update, "location", where)
    if location != builder.document["location"]:
        builder.put("location", location)


def _set_properties(builder: ViewDraft, update: Json, where: str) -> None:
    known = builder.document["properties"]
    merged = {**known, **properties.updates_of(update, where)}
    if merged != known:
        builder.put("properties", merged)


def _remove_properties(builder: ViewDraft, update: Json, where: str) -> None:
    known, removals = builder.document["properties"], properties.removals_of(update, where)
    kept = {name: value for name, value in known.items() if name not in removals}
    if len(kept) != len(known):
        builder.put("properties", kept)


def _add_schema(builder: ViewDraft, update: Json, where: str) -> None:
    schema = schemas.parse_schema(update.get("schema"), f"{where}.schema")
    known = builder.document["schemas"]
    found = next((s for s in known if schemas.same(s, schema)), None)
    if found is None:
        found = {**schema, "schema-id": schemas.next_id(known)}
        known.append(found)
        builder.changed = True
    builder.added_schema = found.get("schema-id", 0)


def _add_version(builder: ViewDraft, update: Json, where: str) -> None:
    version = view_versions.parse_version(update.get("view-version"), f"{where}.view-version")
    version["schema-id"] = _schema_id(builder, version["schema-id"])
    known = builder.document["versions"]
    found = next((v for v in known if view_versions.same(v, version)), None)
    if found is None:
        found = {**version, "version-id": view_versions.version_id(version, known)}
        known.append(found)
        builder.added_versions.add(found["version-id"])
        builder.changed = True
    builder.added_version = found["version-id"]


def _schema_id(builder: ViewDraft, schema_id: int) -> int:
    if schema_id == -1:
        if builder.added_schema is None:
            raise ValidationFailed("Cannot set last added schema: no schema has been added")
        return builder.added_schema
    if schemas.by_id(builder.document["schemas"], schema_id) is None:
        raise ValidationFailed(f"Cannot add version with unknown schema: {schema_id}")
    return schema_id


def _set_current_version(builder: ViewDraft, update: Json, where: str) -> None:
    wanted = json_shape.integer(update, "view-version-id", where)
    if wanted == -1:
        if builder.added_version is None:
            message = "Cannot set last version id: no current version id has been set"
            raise ValidationFailed(message)
        wanted = builder.added_version
    if wanted == builder.document["current-version-id"]:
        return
    version = _version(builder.document, wanted)
    if version is None:
        raise ValidationFailed(f"Cannot set current version to unknown version: {wanted}")
    builder.put("current-version-id", wanted)
    time = version["timestamp-ms"] if wanted in builder.added_versions else builder.now_ms
    builder.log_entry = {"timestamp-ms": time, "version-id": wanted}


_UPDATES: dict[str, Callable[[ViewDraft, Json, str], None]] = {
    "assign-uuid": _assign_uuid,
    "upgrade-format-version": _upgrade,
    "set-location": _set_location,
    "set-properties": _set_properties,
    "remove-properties": _remove_properties,
    "add-schema": _add_schema,
    "add-view-version": _add_version,
    "set-current-view-version": _set_current_version,
}
