"""Re-sealing of all secrets in the store with the key that is now first in the keyring."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.sealing.keyring import KEYRING, Keyring
from pangolin.services.storage import warehouse_secrets
from pangolin.services.tenants import sealed_settings
from pangolin.store.api import Conflict, Doc, Kind, Put, Record
from pangolin.store.kinds import SERVER_SECRET, SIGNING_KEY, TENANT_SETTINGS, WAREHOUSE

# Returns the same document if all of it is sealed with the first key.
Freshen = Callable[[Keyring, Any], Any]


def _whole(kind: Kind) -> Freshen:
    """Re-seal the member `sealed`, which is bound to the kind's name and the record's key."""

    def fresh(keyring: Keyring, doc: Doc) -> Doc:
        if keyring.is_current(doc["sealed"]):
            return doc
        place = (kind.name, *map(str, kind.key_of(doc)))
        return doc | {"sealed": keyring.seal(keyring.open(doc["sealed"], *place), *place)}

    return fresh


SEALED: Final[dict[Kind, Freshen]] = {
    SIGNING_KEY: _whole(SIGNING_KEY),
    SERVER_SECRET: _whole(SERVER_SECRET),
    WAREHOUSE: warehouse_secrets.resealed,
    TENANT_SETTINGS: sealed_settings.resealed,
}


@dataclass(slots=True)
class Resealed:
    """How many records of a kind were re-sealed, and how many did not need it."""

    kind: str
    resealed: int = 0
    current: int = 0


def reseal(ctx: Context) -> list[Resealed]:
    """Re-seal every secret with the first key of the keyring; raise `SealBroken`.

    Progress is kept if it is stopped. Once it has finished, older keys may be removed.
    """
    done = [_kind(ctx, kind, fresh) for kind, fresh in SEALED.items()]
    details = {each.kind: each.resealed for each in done}
    trail.record(
        ctx, AuditEvent(AuditAction.RESEAL_SECRETS, Resource("installation"), details=details)
    )
    return done


def _kind(ctx: Context, kind: Kind, fresh: Freshen) -> Resealed:
    done = Resealed(kind.name)
    for record in ctx.system.scan(kind):
        if _record(ctx, kind, fresh, record):
            done.resealed += 1
        else:
            done.current += 1
    return done


def _record(ctx: Context, kind: Kind, fresh: Freshen, record: Record | None) -> bool:
    while record is not None:
        doc = fresh(ctx.runtime.part(KEYRING), record.doc)
        if doc == record.doc:
            return False
        try:
            ctx.system.apply(Put(kind, doc, record.version))
        except Conflict:
            record = ctx.system.get(kind, kind.key_of(record.doc))
            continue
        return True
    return False
