"""What load, create, register and commit answer: location, metadata bytes, client properties."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from pangolin.errors import NotFound
from pangolin.services.authz.access import require_asset
from pangolin.services.context.scope import Scope
from pangolin.services.credentials import entitlements, vending
from pangolin.services.credentials.vending import Delegated, Delegation, Offer
from pangolin.services.storage import metadata_files
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.services.tables.lookup import find
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import Relation, resource
from pangolin.services.versioned.resolution import Place

SNAPSHOTS = ("all", "refs")
NOTHING = Delegated({})
LARGE = 128 * 1024
TIME = re.compile("[0-9a-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table or view as answered; `location` is None for a staged table, which has no `etag`.

    `unchanged` says that the client has this representation already; the metadata is then empty.
    `whole` is the body if it was spliced before. `credentials` open storage, and nobody may keep an
    answer that has any.
    """

    location: str | None
    metadata: bytes
    config: Mapping[str, str] = field(repr=False)
    etag: str | None
    unchanged: bool = False
    whole: bytes = field(default=b"", repr=False)
    credentials: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    def body(self) -> bytes:
        """Splice the answer's JSON around the metadata, which is never parsed for it."""
        return b"".join(self.parts())

    def parts(self) -> tuple[bytes, ...]:
        """Give the body in as many pieces as spare copying metadata that is large."""
        if self.whole:
            return (self.whole,)
        head = b"{"
        if self.location is not None:
            head += b'"metadata-location":' + orjson.dumps(self.location) + b","
        config, tail = orjson.dumps(dict(self.config)), b"}"
        if self.credentials:
            tail = b',"storage-credentials":' + orjson.dumps(list(self.credentials)) + b"}"
        pieces = (head + b'"metadata":', self.metadata, b',"config":' + config + tail)
        return pieces if len(self.metadata) >= LARGE else (b"".join(pieces),)


def etag(location: str, snapshots: str = "all", given: Delegated = NOTHING) -> str:
    """Tag a representation: the metadata file, which never changes, the snapshots mode, the offer.

    With credentials it says as well until when it may be taken for the present one (see
    `is_known`), so that no client goes on with what is about to end.
    """
    digest = hashlib.sha256(f"{snapshots}\n{location}\n{given.key}".encode()).hexdigest()[:32]
    return f'"{digest}"' if given.good_until_ms is None else f'"{digest}-{given.good_until_ms:x}"'


def is_known(
    scope: Scope, known: Sequence[str], location: str, snapshots: str, offer: Offer | None
) -> str | None:
    """Give the tag among a client's (or `*`) that is still right, if one is."""
    if offer is None or offer.is_remote:
        tag = etag(location, snapshots, Delegated({}, key=offer.key if offer else ""))
        return tag if "*" in known or tag in known else None
    now, digest = scope.now(), etag(location, snapshots, Delegated({}, key=offer.key)).strip('"')
    # `*` says nothing about how old the client's credential is.
    for tag in known:
        found, _, until = tag.strip('"').partition("-")
        if found == digest and TIME.fullmatch(until) and 0 < int(until, 16) - now <= offer.life_ms:
            return tag
    return None


def loaded(
    scope: Scope,
    place: Place,
    location: str,
    data: bytes | None = None,
    snapshots: str = "all",
    offer: Offer | None = None,
) -> Loaded:
    """Build the answer for a metadata file, reading it unless its bytes are given.

    What is offered is handed out with it.
    """
    reader = metadata_files.read if snapshots == "all" else metadata_files.read_refs_only
    if offer is not None:
        given = vending.hand_out(scope, offer)
        data = reader(scope, place, location) if data is None else data
        return _private(scope, place, location, data, etag(location, snapshots, given), given)
    config, tag = client_config(scope, place), etag(location, snapshots)
    if data is not None:
        return Loaded(location, data, config, tag)
    data = reader(scope, place, location)
    # Copying the metadata into a new body would cost a warm load more than finding it.
    mark = (f"answer:{snapshots}", orjson.dumps(config).decode())
    whole = metadata_files.derived(
        scope, place, location, mark, lambda: Loaded(location, data, config, tag).body()
    )
    return Loaded(location, data, config, tag, whole=whole)


def staged(scope: Scope, place: Place, data: bytes, offer: Offer | None) -> Loaded:
    """Build the answer for a table that is only staged."""
    given = NOTHING if offer is None else vending.hand_out(scope, offer)
    return _private(scope, place, None, data, None, given)


def client_config(scope: Scope, place: Place) -> dict[str, str]:
    """Give the non-secret properties a client's file IO needs for this warehouse."""
    config = place.warehouse.doc["storage_config"]
    backend = scope.runtime.part(OBJECTS).backend_for_type(config["type"])
    return dict(backend.client(config))


def replayed(
    scope: Scope, address: Address, relation: Relation, outcome: Any, wanted: Delegation = ()
) -> Loaded:
    """Answer a repeated request: the file of the first, or the present one if that is gone."""
    place, entry = find(scope, address, relation)
    first, doc = outcome["metadata-location"], entry.doc
    offer = entitlements.of_table(scope, place, address, doc, wanted) if doc else None
    try:
        return loaded(scope, place, first, offer=offer)
    except NotFound:
        if doc is None:
            raise
        # Another table may have the name by now.
        require_asset(scope, "read", resource(address, relation), doc["id"])
        return loaded(scope, place, doc["metadata_location"], offer=offer)


def _private(
    scope: Scope,
    place: Place,
    location: str | None,
    data: bytes,
    tag: str | None,
    given: Delegated,
) -> Loaded:
    config = {**client_config(scope, place), **given.config}
    return Loaded(location, data, config, tag, credentials=given.credentials)
