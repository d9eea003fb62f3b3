"""Answers of load, create, register and commit: location, metadata bytes, client properties."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from pangolin.errors import NotFound
from pangolin.services.authz.access import require_asset
from pangolin.services.context.context import Context
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.entitlements import find_entitlement
from pangolin.services.credentials.vending import ClientCredentials, Delegation, Entitlement
from pangolin.services.storage import metadata_files
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.services.tables.lookup import Named, Target, read
from pangolin.services.versioned.resolution import ResolvedRef

SNAPSHOTS = ("all", "refs")
NOTHING = ClientCredentials({})
LARGE = 128 * 1024
TIME = re.compile("[0-9a-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table or view as answered; `location` is None for a staged table, which has no `etag`.

    `unchanged` means that the client already has this representation; the metadata is then empty.
    `whole` is the body if it was spliced before. `credentials` open storage, so an answer that has
    any must not be cached.
    """

    location: str | None
    metadata: bytes
    config: Mapping[str, str] = field(repr=False)
    etag: str | None
    unchanged: bool = False
    whole: bytes = field(default=b"", repr=False)
    credentials: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    def body(self) -> bytes:
        """Splice the answer's JSON around the metadata, without parsing it."""
        return b"".join(self.parts())

    def parts(self) -> tuple[bytes, ...]:
        """Return the body in pieces, so that large metadata is not copied."""
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


def etag(location: str, snapshots: str = "all", given: ClientCredentials = NOTHING) -> str:
    """Return the tag of a representation: its immutable metadata file, snapshots mode and offer.

    With credentials it also holds the time until which it may be treated as current (see
    `is_known`), so that no client keeps using a credential that is about to expire.
    """
    digest = hashlib.sha256(f"{snapshots}\n{location}\n{given.key}".encode()).hexdigest()[:32]
    return f'"{digest}"' if given.good_until_ms is None else f'"{digest}-{given.good_until_ms:x}"'


def is_known(
    ctx: Context,
    known: Sequence[str],
    location: str,
    snapshots: str,
    entitlement: Entitlement | None,
) -> str | None:
    """Return the tag among a client's (or `*`) that is still current, or None."""
    if entitlement is None or entitlement.is_remote:
        tag = etag(
            location, snapshots, ClientCredentials({}, key=entitlement.key if entitlement else "")
        )
        return tag if "*" in known or tag in known else None
    now, digest = (
        ctx.now(),
        etag(location, snapshots, ClientCredentials({}, key=entitlement.key)).strip('"'),
    )
    # `*` says nothing about how old the client's credential is.
    for tag in known:
        found, _, until = tag.strip('"').partition("-")
        if (
            found == digest
            and TIME.fullmatch(until)
            and 0 < int(until, 16) - now <= entitlement.life_ms
        ):
            return tag
    return None


def loaded(
    ctx: Context,
    resolved: ResolvedRef,
    location: str,
    data: bytes | None = None,
    snapshots: str = "all",
    entitlement: Entitlement | None = None,
) -> Loaded:
    """Build the answer for a metadata file, reading it unless its bytes are given.

    The credentials that the caller is entitled to are part of it.
    """
    reader = metadata_files.read if snapshots == "all" else metadata_files.read_refs_only
    if entitlement is not None:
        given = vending.vend(ctx, entitlement)
        data = reader(ctx, resolved, location) if data is None else data
        return _private(ctx, resolved, location, data, etag(location, snapshots, given), given)
    config, tag = client_config(ctx, resolved), etag(location, snapshots)
    if data is not None:
        return Loaded(location, data, config, tag)
    data = reader(ctx, resolved, location)
    # Copying the metadata into a new body would cost a warm load more than the lookup.
    mark = (f"answer:{snapshots}", orjson.dumps(config).decode())
    whole = metadata_files.derived(
        ctx, resolved, location, mark, lambda: Loaded(location, data, config, tag).body()
    )
    return Loaded(location, data, config, tag, whole=whole)


def staged(
    ctx: Context, resolved: ResolvedRef, data: bytes, entitlement: Entitlement | None
) -> Loaded:
    """Build the answer for a table that is only staged."""
    given = NOTHING if entitlement is None else vending.vend(ctx, entitlement)
    return _private(ctx, resolved, None, data, None, given)


def client_config(ctx: Context, resolved: ResolvedRef) -> dict[str, str]:
    """Return the non-secret properties that a client's file IO needs for this warehouse."""
    config = resolved.warehouse.doc["storage_config"]
    backend = ctx.runtime.part(OBJECTS).backend_for_type(config["type"])
    return dict(backend.client(config))


def entitlement(ctx: Context, target: Target, wanted: Delegation) -> Entitlement | None:
    """Return what the caller is entitled to with an existing table."""
    return find_entitlement(
        ctx,
        target.resolved,
        target.resource,
        wanted,
        lambda: privileges.directories(ctx, target.resolved, target.metadata_location),
        asset=target.id,
        address=target.address,
    )


def replayed(ctx: Context, named: Named, outcome: Any, wanted: Delegation = ()) -> Loaded:
    """Answer a repeated request: the file of the first, or the current one if that was deleted."""
    target = read(ctx, named)
    first, given = outcome["metadata-location"], entitlement(ctx, target, wanted)
    try:
        return loaded(ctx, target.resolved, first, entitlement=given)
    except NotFound:
        # Another table may have the name by now.
        require_asset(ctx, "read", target.resource, target.id)
        return loaded(ctx, target.resolved, target.metadata_location, entitlement=given)


def _private(
    ctx: Context,
    resolved: ResolvedRef,
    location: str | None,
    data: bytes,
    tag: str | None,
    given: ClientCredentials,
) -> Loaded:
    config = {**client_config(ctx, resolved), **given.config}
    return Loaded(location, data, config, tag, credentials=given.credentials)
