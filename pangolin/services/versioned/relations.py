"""What tables and views share: their kind of entry, and the errors for missing ones."""

from dataclasses import dataclass
from typing import Literal

from pangolin.errors import NoSuchTable, NoSuchView, NotFound
from pangolin.services.context.resource import Resource
from pangolin.services.versioned.addressing import Address

RelationType = Literal["table", "view"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A kind of entry that an Iceberg metadata file describes."""

    missing: type[NotFound]
    type: RelationType
    label: str
    kind: str
    codec: str


TABLES = Relation(NoSuchTable, "table", "Table", "ICEBERG_TABLE", "none")
VIEWS = Relation(NoSuchView, "view", "View", "VIEW", "gzip")
LABELS = {"table": "Table", "view": "View", "asset": "Asset"}


def resource(address: Address, relation: Relation) -> Resource:
    """Return a table or view as a resource, for access decisions and events."""
    return Resource(relation.type, (address.prefix, *address.levels, address.name))
