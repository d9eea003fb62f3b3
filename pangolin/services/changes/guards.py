"""Changes that hold something as it is until a batch is in."""

from typing import Final

from pangolin.errors import NoSuchTenant
from pangolin.services.context.context import Context
from pangolin.store.api import ABSENT, Change, D, Kind, Put, Record, Require
from pangolin.store.documents import GuardDoc
from pangolin.store.kinds import (
    GUARD,
    TENANT,
)
from pangolin.store.scoped import ScopedStore

GUARD_NAME: Final = "catalogs"


def hold(ctx: Context) -> Change:
    """Return the change that keeps the request's tenant; raise `NoSuchTenant` if it was deleted."""
    if ctx.store.get(TENANT, ()) is None:
        raise NoSuchTenant(f"Tenant does not exist: {ctx.tenant}")
    return Require(TENANT, ())


def guard_catalogs(store: ScopedStore) -> Put[GuardDoc]:
    """Return the change that excludes all other changes of the set of a tenant's catalogs.

    Call it before reading the catalogs: creating, moving or deleting one meanwhile is then a
    `Conflict`.
    """
    found = store.get(GUARD, (GUARD_NAME,))
    return Put(GUARD, {"name": GUARD_NAME}, found.version if found else ABSENT)


def hold_record(kind: Kind[D], record: Record[D]) -> Require:
    """Keep a tenant's record as it was read until a batch is in."""
    return Require(kind, kind.key_of(record.doc)[1:], record.version)
