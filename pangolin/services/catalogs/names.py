"""Names of tenants, warehouses and catalogs: which are legal, and which are free."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from pangolin.errors import BadRequest
from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource, ResourceType
from pangolin.store.api import Kind
from pangolin.store.kinds import CATALOG, WAREHOUSE

CATALOG_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Words with a meaning of their own in paths of the Iceberg API, next to a catalog's name.
RESERVED: Final = frozenset(
    {"config", "docs", "namespaces", "oauth", "register", "tables", "transactions", "v1", "views"}
)
MOST_NAMES: Final = 1000
KINDS: Final[Mapping[str, Kind]] = {"catalog": CATALOG, "warehouse": WAREHOUSE}


def check_catalog(name: str) -> None:
    """Raise `BadRequest` unless the name is legal for a catalog: it begins Iceberg's paths."""
    if not CATALOG_NAME.fullmatch(name):
        raise BadRequest(f"name must be 1 to 128 letters, digits, '_' or '-', not {name[:80]!r}")
    if name in RESERVED:
        raise BadRequest(f"name must not be {name!r}, a word of the Iceberg API's paths")


def check_warehouse(name: str) -> None:
    """Raise `BadRequest` unless the name is legal for a warehouse."""
    _check_printable(name)


def check_tenant(name: str) -> None:
    """Raise `BadRequest` unless the name is legal for a tenant; an id would be ambiguous."""
    _check_printable(name)
    if _is_uuid(name):
        raise BadRequest(f"name must not be a UUID, which reads as a tenant's id: {name!r}")


CHECKS: Final[Mapping[str, Callable[[str], None]]] = {
    "catalog": check_catalog,
    "warehouse": check_warehouse,
}


def validate(ctx: Context, resource_type: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each name whether a new catalog or warehouse could have it, and why not."""
    if resource_type not in KINDS:
        raise BadRequest(f"resource_type must be one of {', '.join(KINDS)}, not {resource_type!r}")
    if len(names) > MOST_NAMES:
        raise BadRequest(f"names must contain at most {MOST_NAMES} names, not {len(names)}")
    require(ctx, "list", Resource(cast(ResourceType, resource_type)))
    reasons = {name: _illegal(resource_type, name) for name in names}
    legal = [name for name, reason in reasons.items() if not reason]
    records = ctx.store.get_many([(KINDS[resource_type], (name,)) for name in legal])
    for name, record in zip(legal, records, strict=True):
        if record is not None:
            reasons[name] = f"a {resource_type} of this name exists"
    return [{"name": n, "available": not reasons[n], "reason": reasons[n]} for n in names]


def _illegal(resource_type: str, name: str) -> str | None:
    try:
        CHECKS[resource_type](name)
    except BadRequest as error:
        return error.message
    return None


def _check_printable(name: str) -> None:
    if not 1 <= len(name) <= 128 or not name.isprintable():
        raise BadRequest(f"name must be 1 to 128 printable characters, not {name[:80]!r}")
    if name != name.strip() or "/" in name or name in (".", ".."):
        raise BadRequest(
            "name must not contain '/', begin or end with a blank, or be '.' or '..', "
            f"not {name[:80]!r}"
        )


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
