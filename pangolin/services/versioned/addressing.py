"""Addresses of requests: `catalog@ref` prefixes, and `table@ref` or `namespace@ref`.

A suffix on the table wins over one on the namespace, which wins over the prefix. A name is read as
`name@ref` only if the ref exists and has `name`; otherwise the `@` belongs to the name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pangolin.errors import BadRequest
from pangolin.services.context.context import Context
from pangolin.services.versioned import entries, resolution
from pangolin.services.versioned.entries import ASSETS, NAMESPACES
from pangolin.services.versioned.resolution import MAIN, resolve, split_prefix
from pangolin.store.api import SURROGATE
from pangolin.store.kinds import CATALOG, SEPARATOR

Levels = tuple[str, ...]
MAX_NAME = 512
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Address:
    """A prefix (`catalog` or `catalog@ref`), a namespace, and an asset name ('' for none)."""

    prefix: str
    levels: Levels
    name: str = ""

    @property
    def path(self) -> str:
        """The namespace as stored: levels joined by U+001F."""
        return SEPARATOR.join(self.levels)

    @property
    def dotted(self) -> str:
        """The name as shown in messages."""
        return ".".join((*self.levels, self.name) if self.name else self.levels)


def namespace(ctx: Context, prefix: str, levels: Sequence[str], *, new: bool = False) -> Address:
    """Address a namespace; `new` reads `name@ref` as a name to create on that ref."""
    address = Address(_canonical(prefix), check_levels(levels))
    *above, last = address.levels
    found = _split(ctx, prefix, last)
    if found is None:
        return address
    name, elsewhere = found
    moved = Address(_canonical(elsewhere), (*above, name))
    return moved if new or _has_namespace(ctx, moved) else address


def asset(
    ctx: Context, prefix: str, levels: Sequence[str], name: str, *, new: bool = False
) -> Address:
    """Address a table, view or other asset."""
    check_name(name, "name")
    within = namespace(ctx, prefix, levels)
    address = Address(within.prefix, within.levels, name)
    found = _split(ctx, prefix, name)
    if found is None:
        return address
    moved = Address(_canonical(found[1]), within.levels, found[0])
    return moved if new or _has_asset(ctx, moved) else address


def check_levels(levels: Sequence[str]) -> Levels:
    """Validate a namespace's levels; raise `BadRequest`."""
    if not levels:
        raise BadRequest("namespace must have at least one level")
    for level in levels:
        check_name(level, "namespace")
    return tuple(levels)


def parse_levels(given: str | Sequence[str]) -> Levels:
    """Read a namespace's levels: a list, or text joined by U+001F or else by dots.

    Raises `BadRequest`.
    """
    if isinstance(given, str):
        given = given.split(SEPARATOR if SEPARATOR in given else ".")
    return check_levels(given)


def check_name(name: str, field: str) -> None:
    """Refuse an empty, over-long or unprintable name with `BadRequest` naming the field."""
    if not name or len(name) > MAX_NAME:
        raise BadRequest(f"{field} must be 1 to {MAX_NAME} characters long")
    if CONTROL.search(name):
        raise BadRequest(f"{field} must not contain control characters: {name!r}")
    if SURROGATE.search(name):
        raise BadRequest(f"{field} must be valid Unicode: {name!r}")


def _canonical(prefix: str) -> str:
    # One spelling per ref, so that two changes of one table are recognised as such.
    catalog, ref = split_prefix(prefix)
    return catalog if ref == MAIN else f"{catalog}@{ref}"


def _split(ctx: Context, prefix: str, name: str) -> tuple[str, str] | None:
    before, at, ref = name.rpartition("@")
    if not at or not before or not ref:
        return None
    catalog = split_prefix(prefix)[0]
    found = ctx.store.get(CATALOG, (catalog,))
    # Only callers with the right to read may learn that the catalog is missing.
    if found is None or not resolution.exists(ctx, found.doc["id"], ref):
        return None
    return before, f"{catalog}@{ref}"


def _has_namespace(ctx: Context, address: Address) -> bool:
    resolved, (rows,) = resolve(ctx, address.prefix, [(NAMESPACES.live, (address.path,))])
    found = entries.visible_entry(ctx.store, resolved, NAMESPACES, (address.path,), rows)
    return found.doc is not None


def _has_asset(ctx: Context, address: Address) -> bool:
    key = (address.path, address.name)
    resolved, (rows,) = resolve(ctx, address.prefix, [(ASSETS.live, key)])
    return entries.visible_entry(ctx.store, resolved, ASSETS, key, rows).doc is not None
