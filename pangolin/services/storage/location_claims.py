"""Where a table or view may put its files: inside its catalog, outside other entries' directories.

Every directory that an entry points to is claimed by its id. A server-chosen directory is unique
by construction; one chosen by a client takes a guard, so that nested claims are always detected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pangolin.errors import BadRequest, Forbidden
from pangolin.iceberg import directories as iceberg_places
from pangolin.iceberg.locations import Location, parse_location, parse_new_location
from pangolin.services.context.context import Context
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import ABSENT, Change, Key, Kind, Put, Record, Require
from pangolin.store.documents import ClaimDoc, GuardDoc
from pangolin.store.kinds import ASSET, CLAIM, GUARD, PAST_ASSET

Metadata = dict[str, Any]
GUARD_NAME = "locations"


@dataclass(frozen=True, slots=True)
class Claimant:
    """The entry that claims: its id, and whether the server chose its directory."""

    asset: str
    server_chosen: bool = False

    def chose(self, field: str) -> bool:
        """Return whether the server, not a client, chose the directory that a field names."""
        return self.server_chosen and field == "location"


def check(
    ctx: Context, resolved: ResolvedRef, claimant: Claimant, base: Metadata | None, new: Metadata
) -> list[Change]:
    """Validate every location of new metadata and list the claims to put with it.

    Raises `BadRequest` naming the field that points outside the catalog's storage location or
    into another entry's directory.
    """
    root = parse_location(resolved.catalog.doc["storage_location"])
    wanted = _directories(root, new)
    known = set() if base is None else {str(path) for _, path in _parsed(base)}
    fresh = {
        path: field
        for field, path in wanted
        if str(path) not in known and not _covered(path, wanted)
    }
    _check_manifest_lists(ctx, root, claimant, base, new, [path for _, path in wanted])
    return _claims(ctx, root, claimant, fresh) if fresh else []


def check_path(ctx: Context, resolved: ResolvedRef, path: str, field: str) -> Location:
    """Validate that one file or directory is inside the catalog's storage location."""
    root = parse_location(resolved.catalog.doc["storage_location"])
    return _inside(root, parse_location(path, field), field)


def own_directories(metadata: Metadata) -> list[Location]:
    """List the directories an entry may write to and delete from."""
    return [path for _, path in _parsed(metadata)]


def is_own(own: Iterable[Location], path: str) -> bool:
    """Return whether a file is inside one of an entry's directories."""
    return any(_is_within(directory, path) for directory in own)


def _is_within(directory: Location, path: str) -> bool:
    try:
        directory.within(path)
    except Forbidden:
        return False
    return True


def _parsed(metadata: Metadata) -> list[tuple[str, Location]]:
    return [(field, parse_location(path, field)) for field, path in _named(metadata)]


def _named(metadata: Metadata) -> Iterable[tuple[str, str]]:
    return iceberg_places.claimed(metadata)


def _directories(root: Location, metadata: Metadata) -> list[tuple[str, Location]]:
    return [
        (field, _inside(root, parse_new_location(path, field), field))
        for field, path in _named(metadata)
    ]


def _covered(path: Location, wanted: list[tuple[str, Location]]) -> bool:
    return any(other != path and other.contains(path) for _, other in wanted)


def _inside(root: Location, path: Location, field: str) -> Location:
    if not root.contains(path) or path == root:
        raise BadRequest(f"{field} must be inside the catalog's storage location {root}: {path}")
    return path


def _check_manifest_lists(
    ctx: Context,
    root: Location,
    claimant: Claimant,
    base: Metadata | None,
    new: Metadata,
    own: list[Location],
) -> None:
    old = {snap["snapshot-id"] for snap in (base or {}).get("snapshots") or ()}
    fresh = [s for s in new.get("snapshots") or () if s["snapshot-id"] not in old]
    for field, listed in iceberg_places.manifest_lists(fresh):
        path = _inside(root, parse_location(listed, field), field)
        if not any(directory.contains(path) for directory in own):
            above = [(CLAIM, (str(each),)) for each in _up_to(root, path)]
            _refuse_above(ctx, claimant, ctx.store.get_many(above), path, field)


def _claims(
    ctx: Context, root: Location, claimant: Claimant, fresh: dict[Location, str]
) -> list[Change]:
    above = {path: _up_to(root, path) for path in fresh}
    keys: list[tuple[Kind, Key]] = [(GUARD, (GUARD_NAME,))]
    keys += [(CLAIM, (str(each),)) for path in fresh for each in above[path]]
    guard, *records = ctx.store.get_many(keys)
    batch = [_guarded(guard, all(claimant.chose(field) for field in fresh.values()))]
    for path, field in fresh.items():
        stale, *_ = found = records[: len(above[path])]
        del records[: len(above[path])]
        _refuse_above(ctx, claimant, found, path, field)
        if not claimant.chose(field):
            _refuse_below(ctx, claimant, path, field)
        doc: ClaimDoc = {"location": str(path), "asset": claimant.asset}
        batch.append(Put(CLAIM, doc, stale.version if stale else ABSENT))
    return batch


def _guarded(guard: Record[GuardDoc] | None, all_chosen: bool) -> Change:
    expected = guard.version if guard else ABSENT
    if all_chosen:
        return Require(GUARD, (GUARD_NAME,), expected)
    doc: GuardDoc = {"name": GUARD_NAME}
    return Put(GUARD, doc, expected)


def _refuse_above(
    ctx: Context,
    claimant: Claimant,
    found: list[Record[ClaimDoc] | None],
    path: Location,
    field: str,
) -> None:
    for record in found:
        if record is not None and _is_foreign(ctx, claimant, record.doc):
            raise BadRequest(
                f"{field} {path} is inside the directory of another table or view, or of one "
                "that a branch or tag still shows"
            )


def _refuse_below(ctx: Context, claimant: Claimant, path: Location, field: str) -> None:
    below, after = f"{path}/", f"{path}/"
    while True:
        page = ctx.store.page(CLAIM, (), after=(after,), limit=100)
        for record in page.records:
            if not record.doc["location"].startswith(below):
                return
            if _is_foreign(ctx, claimant, record.doc):
                raise BadRequest(f"{field} {path} contains the directory of another table or view")
        if page.after is None:
            return
        after = str(page.after[-1])


def _up_to(root: Location, path: Location) -> list[Location]:
    depth = len(path.path) - len(root.path)
    steps = [path.path[: len(path.path) - up] for up in range(depth)]
    return [Location(path.scheme, path.authority, step) for step in steps]


def _is_foreign(ctx: Context, claimant: Claimant, claim: ClaimDoc) -> bool:
    return claim["asset"] != claimant.asset and is_reachable(ctx, claim["asset"])


def is_reachable(ctx: Context, asset: str) -> bool:
    """Return whether any line, or a past version that a fork may see, holds the entry."""
    store = ctx.store
    found = store.find(ASSET, "id", (asset,)) or store.find(PAST_ASSET, "id", (asset,))
    return found is not None
