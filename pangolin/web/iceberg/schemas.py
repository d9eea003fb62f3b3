"""Request and answer schemas of the Iceberg API; unknown fields are ignored (newer clients).

Table and view metadata, updates and requirements are documented as objects: the metadata engine
validates them member by member, with messages that name the member.
"""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate


class Protocol(Schema):
    """A schema that accepts the unknown fields that newer engines send."""

    class Meta:
        """Ignore unknown fields."""

        unknown = EXCLUDE


def levels(**more: Any) -> fields.List[str]:
    """Make a field for a namespace's levels."""
    text = fields.String(validate=validate.Length(min=1))
    return fields.List(text, validate=validate.Length(min=1), **more)


def properties(**more: Any) -> fields.Dict:
    """Make a field for a map of text to text."""
    return fields.Dict(keys=fields.String(), values=fields.String(), **more)


def objects(**more: Any) -> fields.List[Any]:
    """Make a field for a list of JSON objects."""
    return fields.List(fields.Dict(keys=fields.String()), **more)


class CatalogConfig(Protocol):
    """What a client needs to know before it starts."""

    defaults = properties(required=True)
    overrides = properties(required=True)
    endpoints = fields.List(fields.String(), required=True)
    idempotency_key_lifetime = fields.String(data_key="idempotency-key-lifetime")


class CreateNamespaceRequest(Protocol):
    """A namespace to create."""

    namespace = levels(required=True)
    properties = properties(load_default=dict, allow_none=True)


class NamespaceResponse(Protocol):
    """A namespace and its properties."""

    namespace = levels(required=True)
    properties = properties(required=True)


class ListNamespacesResponse(Protocol):
    """Namespaces directly below a parent."""

    namespaces = fields.List(levels(), required=True)
    next_page_token = fields.String(data_key="next-page-token", allow_none=True)


class UpdateNamespacePropertiesRequest(Protocol):
    """Properties to set and to remove."""

    removals = fields.List(fields.String(), load_default=list)
    updates = properties(load_default=dict)


class UpdateNamespacePropertiesResponse(Protocol):
    """Which properties were set, removed, and missing."""

    updated = fields.List(fields.String(), required=True)
    removed = fields.List(fields.String(), required=True)
    missing = fields.List(fields.String(), required=True)


class TableIdentifier(Protocol):
    """A table's or view's full name."""

    namespace = levels(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1))


class ListTablesResponse(Protocol):
    """Tables or views of a namespace."""

    identifiers = fields.List(fields.Nested(TableIdentifier), required=True)
    next_page_token = fields.String(data_key="next-page-token", allow_none=True)


class CreateTableRequest(Protocol):
    """A table to create, or to stage."""

    name = fields.String(required=True)
    schema = fields.Dict(keys=fields.String(), required=True)
    location = fields.String(allow_none=True)
    partition_spec = fields.Dict(keys=fields.String(), data_key="partition-spec", allow_none=True)
    write_order = fields.Dict(keys=fields.String(), data_key="write-order", allow_none=True)
    stage_create = fields.Boolean(data_key="stage-create", allow_none=True)
    properties = properties(allow_none=True)


class CommitTableRequest(Protocol):
    """Requirements that must hold and updates to apply to one table."""

    identifier = fields.Nested(TableIdentifier)
    requirements = objects(required=True)
    updates = objects(required=True)


class CommitTransactionRequest(Protocol):
    """Changes to several tables that are committed together or not at all."""

    table_changes = fields.List(
        fields.Nested(CommitTableRequest),
        data_key="table-changes",
        required=True,
        validate=validate.Length(min=1),
    )


class StorageCredential(Protocol):
    """The credentials for the locations that begin with a prefix."""

    prefix = fields.String(required=True)
    config = properties(required=True)


class LoadCredentialsResponse(Protocol):
    """Credentials for a table, one for each scheme."""

    storage_credentials = fields.List(
        fields.Nested(StorageCredential), data_key="storage-credentials", required=True
    )


class LoadTableResult(Protocol):
    """A table's metadata; a staged table has no metadata-location."""

    metadata_location = fields.String(data_key="metadata-location")
    metadata = fields.Dict(keys=fields.String(), required=True)
    config = properties()
    storage_credentials = fields.List(
        fields.Nested(StorageCredential), data_key="storage-credentials"
    )


def multimap(**more: Any) -> fields.Dict:
    """Make a field for a map of names to lists of values."""
    return fields.Dict(keys=fields.String(), values=fields.List(fields.String()), **more)


class RemoteSignRequest(Protocol):
    """A request to object storage that a client wants signed."""

    region = fields.String(required=True)
    uri = fields.String(required=True)
    method = fields.String(
        required=True,
        validate=validate.OneOf(("PUT", "GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS")),
    )
    headers = multimap(required=True)
    properties = properties(allow_none=True)
    body = fields.String(allow_none=True)
    provider = fields.String(allow_none=True)


class RemoteSignResult(Protocol):
    """The address and the headers of a signed request."""

    uri = fields.String(required=True)
    headers = multimap(required=True)


class RegisterTableRequest(Protocol):
    """A metadata file to register as a table."""

    name = fields.String(required=True, validate=validate.Length(min=1))
    metadata_location = fields.String(data_key="metadata-location", required=True)
    overwrite = fields.Boolean(load_default=False, allow_none=True)


class RegisterViewRequest(Protocol):
    """A metadata file to register as a view."""

    name = fields.String(required=True, validate=validate.Length(min=1))
    metadata_location = fields.String(data_key="metadata-location", required=True)


class RenameTableRequest(Protocol):
    """The current and the new name of a table or view."""

    source = fields.Nested(TableIdentifier, required=True)
    destination = fields.Nested(TableIdentifier, required=True)


class CreateViewRequest(Protocol):
    """A view to create."""

    name = fields.String(required=True)
    schema = fields.Dict(keys=fields.String(), required=True)
    view_version = fields.Dict(keys=fields.String(), data_key="view-version", required=True)
    properties = properties()
    location = fields.String(allow_none=True)


class CommitViewRequest(Protocol):
    """Requirements that must hold and updates to apply to a view."""

    identifier = fields.Nested(TableIdentifier)
    requirements = objects()
    updates = objects(required=True)


class LoadViewResult(Protocol):
    """A view's metadata."""

    metadata_location = fields.String(data_key="metadata-location", required=True)
    metadata = fields.Dict(keys=fields.String(), required=True)
    config = properties()


class MetricsReport(Protocol):
    """A scan or commit report; other types and fields are accepted as well."""

    report_type = fields.String(data_key="report-type")
