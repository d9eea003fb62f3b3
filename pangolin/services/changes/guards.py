"""Changes that hold something as it is until a batch is in."""

from typing import Final

from pangolin.errors import NoSuchTenant
from pangolin.services.context.context import Context
from pangolin.store.api import ABSENT, Change, Kind, Put, Record, Require
from pangolin.store.kinds import (
    GUARD,
    TENANT,
)
from pangolin.store.scoped import ScopedStore

GUARD_NAME: Final = "catalogs"


def hold(ctx: Context) -> Change:
    """Keep the request's tenant until a batch is in; raise `NoSuchTenant` if it is gone."""
    if ctx.store.get(TENANT, ()) is None:
        raise NoSuchTenant(f"Tenant does not exist: {ctx.tenant}")
    return Require(TENANT, ())


def guard_catalogs(store: ScopedStore) -> Put:
    """Give the change that excludes every other change of the set of a tenant's catalogs.

    Read it before the catalogs: one that is made, moved or removed meanwhile is then a `Conflict`.
    """
    found = store.get(GUARD, (GUARD_NAME,))
    return Put(GUARD, {"name": GUARD_NAME}, found.version if found else ABSENT)


def hold_record(kind: Kind, record: Record) -> Require:
    """Keep a tenant's record as it was read until a batch is in."""
    return Require(kind, kind.key_of(record.doc)[1:], record.version)
