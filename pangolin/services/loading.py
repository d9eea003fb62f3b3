"""What load, create, register and commit answer: location, metadata bytes, client properties."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pangolin.errors import NotFound
from pangolin.services import metadata
from pangolin.services.access import require_asset
from pangolin.services.addressing import Address
from pangolin.services.places import Place
from pangolin.services.relations import Relation, find, resource
from pangolin.services.scope import Scope

SNAPSHOTS = ("all", "refs")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table or view as answered; `location` is None for a staged table, which has no `etag`.

    `unchanged` says that the client has this representation already; the metadata is then empty.
    `whole` is the body if it was spliced before.
    """

    location: str | None
    metadata: bytes
    config: Mapping[str, str]
    etag: str | None
    unchanged: bool = False
    whole: bytes = b""

    def body(self) -> bytes:
        """Splice the answer's JSON around the metadata, which is never parsed for it."""
        if self.whole:
            return self.whole
        head = b"{"
        if self.location is not None:
            head += b'"metadata-location":' + orjson.dumps(self.location) + b","
        config = orjson.dumps(dict(self.config))
        return b"".join((head, b'"metadata":', self.metadata, b',"config":', config, b"}"))


def etag(location: str, snapshots: str = "all") -> str:
    """Tag a representation: the metadata file, which never changes, and the snapshots mode."""
    digest = hashlib.sha256(f"{snapshots}\n{location}".encode()).hexdigest()
    return f'"{digest[:32]}"'


def loaded(
    scope: Scope, place: Place, location: str, data: bytes | None = None, snapshots: str = "all"
) -> Loaded:
    """Build the answer for a metadata file, reading it unless its bytes are given."""
    config, tag = client_config(scope, place), etag(location, snapshots)
    if data is not None:
        return Loaded(location, data, config, tag)
    reader = metadata.read if snapshots == "all" else metadata.read_refs_only
    data = reader(scope, place, location)
    # Copying the metadata into a new body would cost a warm load more than finding it.
    mark = (f"answer:{snapshots}", orjson.dumps(config).decode())
    whole = metadata.derived(
        scope, place, location, mark, lambda: Loaded(location, data, config, tag).body()
    )
    return Loaded(location, data, config, tag, whole=whole)


def client_config(scope: Scope, place: Place) -> dict[str, str]:
    """Give the non-secret properties a client's file IO needs for this warehouse."""
    config = place.warehouse.doc["storage_config"]
    backend = scope.runtime.objects.backend_for_type(config["type"])
    return dict(backend.client(config))


def replayed(scope: Scope, address: Address, relation: Relation, outcome: Any) -> Loaded:
    """Answer a repeated request: the file of the first, or the present one if that is gone."""
    place, entry = find(scope, address, relation)
    first = outcome["metadata-location"]
    try:
        return loaded(scope, place, first)
    except NotFound:
        if entry.doc is None:
            raise
        # Another table may have the name by now.
        require_asset(scope, "read", resource(address, relation), entry.doc["id"])
        return loaded(scope, place, entry.doc["metadata_location"])
