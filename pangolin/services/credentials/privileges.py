"""What a credential may open: the directories of stored metadata, by what the caller may do.

No location of a request is used unchecked: those of a table were validated when it was committed,
and those of a new table are validated first.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from pangolin.errors import Forbidden
from pangolin.iceberg.locations import Location, parse_location
from pangolin.interfaces.credential_vending import Access
from pangolin.services.authz.access import allows_asset, is_allowed
from pangolin.services.authz.actions import Action
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.storage import location_claims, metadata_files
from pangolin.services.versioned.resolution import ResolvedRef

Directories = tuple[str, ...]
# Any one of these actions grants the privilege.
PRIVILEGES: Final[Mapping[str, tuple[Action, ...]]] = {
    "read": ("read",),
    "write": ("write", "update"),
    "delete": ("delete",),
}


def directories(ctx: Context, resolved: ResolvedRef, metadata_location: str) -> Directories:
    """List the directories that a table's metadata file names, the table's own first."""

    def read() -> bytes:
        data = metadata_files.read(ctx, resolved, metadata_location)
        return orjson.dumps(directories_in(resolved, metadata_files.parse(data, metadata_location)))

    mark = ("directories", str(resolved.catalog.doc["storage_location"]))
    found = metadata_files.derived(ctx, resolved, metadata_location, mark, read)
    return tuple(orjson.loads(found))


def directories_in(resolved: ResolvedRef, document: dict[str, Any]) -> Directories:
    """List the directories that metadata names; raise `Forbidden` for one outside the catalog."""
    root = parse_location(resolved.catalog.doc["storage_location"])
    found = list(dict.fromkeys(location_claims.own_directories(document)))
    for path in found:
        if not root.contains(path) or path == root:
            raise Forbidden(f"no credential is vended for {path}, which is outside {root}")
    return tuple(str(path) for path in found if not _is_covered(path, found))


def of_table(
    ctx: Context, resolved: ResolvedRef, what: Resource, asset: str, found: Directories
) -> Access:
    """Return the caller's access to a table, by its name, its ref and its id."""
    held = {
        privilege
        for privilege, actions in PRIVILEGES.items()
        if any(allows_asset(ctx, action, what, asset) for action in actions)
    }
    return _access(held if not resolved.is_tag else held & {"read"}, found)


def of_new_table(ctx: Context, what: Resource, found: Directories) -> Access:
    """Return the access of a caller that may create a table, in the new table's own directories."""
    held = {"read", "write"}
    if is_allowed(ctx, "delete", what):
        held.add("delete")
    return _access(held, found)


def everything(found: Directories) -> Access:
    """Return access with all privileges, as an admin has."""
    return _access(PRIVILEGES, found)


def privileges(access: Access) -> list[str]:
    """List the privileges that an access has."""
    return [name for name in PRIVILEGES if getattr(access, name)]


def _access(held: Iterable[str], found: Directories) -> Access:
    names = set(held)
    if "read" not in names:
        # Callers that may not read a table must not reach its files either.
        return Access()
    return Access(**{name: found if name in names else () for name in PRIVILEGES})


def _is_covered(path: Location, found: Sequence[Location]) -> bool:
    return any(other != path and other.contains(path) for other in found)
