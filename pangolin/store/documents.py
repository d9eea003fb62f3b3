"""What records hold, kind by kind: tenants, storage, catalogs and their entries.

A document is a plain dict; these classes are for the type checker only. What a scoped store or the
writer of entries fills in (`tenant`, `catalog`, `line`, `epoch`) need not be given. Times end in
`_ms` and are epoch milliseconds.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

EntryType = Literal["table", "view", "asset"]
RefType = Literal["branch", "tag"]


class LayoutDoc(TypedDict):
    """A component of the layout, and its number."""

    name: str
    number: int
    origin: NotRequired[str]


class TenantDoc(TypedDict):
    """A tenant; `tenant` is its id."""

    tenant: str
    name: str
    properties: dict[str, str]
    created_at_ms: NotRequired[int]


class NoteFields(TypedDict):
    """What people may write about an asset; `properties` are JSON text."""

    description: str | None
    tags: list[str]
    properties: str
    discoverable: bool


class AssetNoteDoc(TypedDict):
    """The business metadata of an asset."""

    tenant: NotRequired[str]
    id: str
    asset: str
    description: str | None
    tags: list[str]
    properties: str
    discoverable: bool
    created_by: str
    created_at_ms: int
    updated_by: str
    updated_at_ms: int


class AssetTagDoc(TypedDict):
    """An asset that carries a tag."""

    tenant: NotRequired[str]
    tag: str
    asset: str


class WarehouseDoc(TypedDict):
    """A warehouse; `secrets` are its sealed options by their path."""

    tenant: NotRequired[str]
    id: str
    name: str
    storage_config: dict[str, str]
    use_sts: bool
    vending_strategy: Any
    created_at_ms: int
    updated_at_ms: int
    secrets: NotRequired[dict[str, dict[str, Any]]]


class WarehouseCheckDoc(TypedDict):
    """What the last checks of a warehouse found."""

    tenant: NotRequired[str]
    warehouse: str
    checked_at_ms: int
    checks: list[dict[str, Any]]


class CatalogDoc(TypedDict):
    """A catalog."""

    tenant: NotRequired[str]
    id: str
    name: str
    warehouse_id: str
    storage_location: str
    properties: dict[str, str]
    created_at_ms: int
    updated_at_ms: int


class RefDoc(TypedDict):
    """A branch or a tag; `bases` are [line, epoch] pairs, nearest first."""

    tenant: NotRequired[str]
    catalog: str
    name: str
    type: RefType
    line: str
    bases: list[list[Any]]
    created_at_ms: int
    branch_type: NotRequired[str]
    epoch: NotRequired[int]
    commit_id: NotRequired[str]


class LineDoc(TypedDict):
    """A line and its present epoch."""

    tenant: NotRequired[str]
    catalog: str
    id: str
    epoch: int


class NamespaceDoc(TypedDict):
    """A namespace on a line, or the tombstone (`dead`) of one."""

    tenant: NotRequired[str]
    catalog: NotRequired[str]
    line: NotRequired[str]
    epoch: NotRequired[int]
    path: str
    parent: str
    live_parent: str
    id: str
    properties: dict[str, str]
    created_at_ms: int
    dead: NotRequired[bool]
    past: NotRequired[bool]


class AssetDoc(TypedDict):
    """A table, view or other asset on a line, or the tombstone (`dead`) of one.

    `foreign`: its metadata file was written by somebody else. `shared`: another ref shows the file
    under another name.
    """

    tenant: NotRequired[str]
    catalog: NotRequired[str]
    line: NotRequired[str]
    epoch: NotRequired[int]
    namespace: str
    name: str
    type: EntryType
    kind: str
    id: str
    location: str
    created_at_ms: int
    updated_at_ms: int
    uuid: NotRequired[str | None]
    metadata_location: NotRequired[str]
    properties: NotRequired[dict[str, str]]
    foreign: NotRequired[bool]
    shared: NotRequired[bool]
    dead: NotRequired[bool]
    past: NotRequired[bool]


class ClaimDoc(TypedDict):
    """A directory and the asset that owns it."""

    tenant: NotRequired[str]
    location: str
    asset: str


class GuardDoc(TypedDict):
    """What two writes of different keys both change, so that one waits."""

    tenant: NotRequired[str]
    name: str


class Finished(TypedDict, total=False):
    """How a request ended: its outcome, or the error that it met."""

    outcome: Mapping[str, Any] | None
    error: Mapping[str, Any]


class IdempotencyDoc(TypedDict):
    """A finished request: its outcome, or the error that it met."""

    tenant: NotRequired[str]
    principal: str
    token: str
    digest: str
    expires_at_ms: int
    outcome: NotRequired[Mapping[str, Any] | None]
    error: NotRequired[Mapping[str, Any]]


class TrashDoc(TypedDict):
    """A dropped table whose files are still to be deleted."""

    tenant: NotRequired[str]
    catalog: str
    id: str
    asset: str
    metadata_location: str
    dropped_at_ms: int


class TenantSettingsDoc(TypedDict, total=False):
    """Settings of a tenant, those that differ from the defaults; `secrets` are sealed."""

    tenant: str
    allow_public_signup: bool
    default_warehouse_bucket: str
    default_retention_days: int
    smtp_host: str
    smtp_port: int
    smtp_user: str
    # In plaintext in layout 2 only.
    smtp_password: str
    secrets: dict[str, dict[str, Any]]
