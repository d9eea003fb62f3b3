"""Removing a user or service user with all that belongs to it."""

import logging
from collections.abc import Iterator
from typing import Final

from pangolin.errors import PangolinError
from pangolin.services.accounts.account import BOUND
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.changes import batch
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import Change, Delete, Key, Kind, Record
from pangolin.store.identity_documents import PrincipalDoc
from pangolin.store.kinds import (
    API_KEY,
    EXTERNAL_IDENTITY,
    GRANT,
    LAST_USED,
    MEMBERSHIP,
    PRINCIPAL,
    TOKEN,
)

log = logging.getLogger(__name__)
# What belongs to a principal, and the index that lists it by principal.
BELONGINGS: Final[tuple[tuple[Kind, str | None], ...]] = (
    (TOKEN, "principal"),
    (API_KEY, "principal"),
    (MEMBERSHIP, None),
    (GRANT, "grantee"),
    (EXTERNAL_IDENTITY, "principal"),
)


def remove(
    ctx: Context, action: AuditAction, resource: Resource, record: Record[PrincipalDoc]
) -> None:
    """Delete a principal and what belongs to it: in one batch, and afterwards what exceeds it.

    Leftovers of a successful batch have no effect, for ids are never reused. Raises `Conflict`.
    """
    doc, key = record.doc, PRINCIPAL.key_of(record.doc)
    changes: list[Change] = [Delete(PRINCIPAL, key, record.version)]
    changes.append(security_stamps.invalidate(doc["tenant"], doc["id"]))
    changes += _belongings(ctx.runtime, doc)
    batch.apply(ctx, changes, AuditEvent(action, resource, before=doc), store=ctx.unscoped)
    try:
        while rest := list(_belongings(ctx.runtime, doc)):
            ctx.runtime.store.apply(*rest)
    except PangolinError as error:
        log.warning("records of %s are left over, without effect: %s", resource, error)


def _belongings(runtime: Runtime, doc: PrincipalDoc) -> Iterator[Change]:
    prefix = (doc["tenant"], doc["id"])
    if runtime.store.get(LAST_USED, prefix) is not None:
        yield Delete(LAST_USED, prefix)
    for kind, index in BELONGINGS:
        for record in runtime.store.page(kind, prefix, index=index, limit=BOUND).records:
            yield from _gone(kind, kind.key_of(record.doc))


def _gone(kind: Kind, key: Key) -> Iterator[Change]:
    yield Delete(kind, key)
    if kind is API_KEY:
        yield Delete(LAST_USED, key)
