"""Sealing what is sealed in the store anew, with the key that comes first now."""

from dataclasses import dataclass
from typing import Final

from pangolin.services import audit
from pangolin.services.access import Resource
from pangolin.services.scope import Scope
from pangolin.store.api import Conflict, Doc, Kind, Put, Record
from pangolin.store.kinds import SERVER_SECRET, SIGNING_KEY

# The members of each kind that are sealed; each is bound to the kind's name and the record's key.
SEALED: Final[dict[Kind, tuple[str, ...]]] = {
    SIGNING_KEY: ("sealed",),
    SERVER_SECRET: ("sealed",),
}


@dataclass(slots=True)
class Resealed:
    """How many records of a kind were sealed anew, and how many were so already."""

    kind: str
    resealed: int = 0
    current: int = 0


def reseal(scope: Scope) -> list[Resealed]:
    """Seal every secret with the first key of the keyring; raise `SealBroken`.

    What is done stays done when it is stopped. Once it has gone through, older keys may go.
    """
    done = [_kind(scope, kind, members) for kind, members in SEALED.items()]
    details = {each.kind: each.resealed for each in done}
    audit.note(scope, "reseal_secrets", Resource("installation"), details=details)
    return done


def _kind(scope: Scope, kind: Kind, members: tuple[str, ...]) -> Resealed:
    done = Resealed(kind.name)
    for record in scope.system.scan(kind):
        if _record(scope, kind, members, record):
            done.resealed += 1
        else:
            done.current += 1
    return done


def _record(scope: Scope, kind: Kind, members: tuple[str, ...], record: Record | None) -> bool:
    while record is not None:
        fresh = _fresh(scope, kind, members, record.doc)
        if fresh == record.doc:
            return False
        try:
            scope.system.apply(Put(kind, fresh, record.version))
        except Conflict:
            record = scope.system.get(kind, kind.key_of(record.doc))
            continue
        return True
    return False


def _fresh(scope: Scope, kind: Kind, members: tuple[str, ...], doc: Doc) -> Doc:
    keyring, place = scope.runtime.vault.keyring, (kind.name, *map(str, kind.key_of(doc)))
    outdated = [name for name in members if doc.get(name) and not keyring.is_current(doc[name])]
    return doc | {name: keyring.seal(keyring.open(doc[name], *place), *place) for name in outdated}
