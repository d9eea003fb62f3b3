"""The secrets of a warehouse: apart from its options, sealed, and bound to their place.

A warehouse's record keeps them under `secrets`, by `storage_config.<option>` and
`vending_strategy.<tag>.<member>`. Whoever copies a record to another tenant, warehouse or option
gets nothing that opens.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.context.runtime import Part, Runtime
from pangolin.services.sealing import fields
from pangolin.services.sealing.keyring import Keyring, SealBroken
from pangolin.services.storage import vending_strategies
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.store.api import Doc, Record
from pangolin.store.kinds import WAREHOUSE
from pangolin.store.lru import Lru

SECRETS: Final = "secrets"
CONFIG: Final = "storage_config"
MOST: Final = 1024
# Warehouses with their secrets opened, by tenant, id, name and version.
OPENED: Final = Part(lambda runtime: Lru[tuple[str, str, str, int], Warehouse](MOST))
STRATEGY: Final = vending_strategies.FIELD


def sealed(runtime: Runtime, doc: Doc, tenant: str, before: Doc | None = None) -> Doc:
    """Give a record whose secrets are sealed; those that `before` has too are kept as they are.

    Raises `BadRequest` for a reference that is not allowed, or if there is no key to seal with.
    """
    kept = {} if before is None else before.get(SECRETS, {})
    found = {}
    for where, value in _secrets(runtime, doc):
        place = _place(tenant, doc["id"], where)
        found[where] = fields.entry(runtime, value, kept.get(where), *place)
    return _without(doc, found) | {SECRETS: found}


def plain(runtime: Runtime, doc: Doc, tenant: str, *, lenient: bool = False) -> Doc:
    """Give a record with its secrets in clear, and references as they were written.

    Raises `SealBroken` for a secret that does not open; `lenient` leaves it out instead.
    """
    found = {}
    for where, kept in doc.get(SECRETS, {}).items():
        try:
            found[where] = fields.plain(runtime, kept, *_place(tenant, doc["id"], where))
        except SealBroken:
            if not lenient:
                raise
    return _with(doc, found)


def shown(runtime: Runtime, doc: Doc) -> Doc:
    """Give a record as it may be seen: of a secret its last four characters, or its reference."""
    public = doc | {
        CONFIG: runtime.part(OBJECTS).masked(doc[CONFIG]),
        STRATEGY: vending_strategies.masked(doc[STRATEGY]),
    }
    return _with(public, {where: kept["shown"] for where, kept in doc.get(SECRETS, {}).items()})


def for_audit(doc: Doc) -> Doc:
    """Give a record as the audit log digests it: which secrets there are, not how they lie."""
    kept = doc.get(SECRETS, {})
    return doc | {SECRETS: {where: fields.for_audit(each) for where, each in kept.items()}}


def resealed(keyring: Keyring, doc: Doc) -> Doc:
    """Give a record whose secrets the first key seals; raise `SealBroken`."""
    kept = doc.get(SECRETS, {})
    if not kept:
        return doc
    fresh = {
        where: fields.resealed(keyring, each, *_place(doc["tenant"], doc["id"], where))
        for where, each in kept.items()
    }
    return doc | {SECRETS: fresh}


def upgraded(runtime: Runtime, doc: Doc) -> Doc:
    """Bring a record of layout 2, which has its secrets in clear, to layout 3.

    Raises `UnknownPlugin` if nothing installed says which of its options are secret.
    """
    if SECRETS in doc:
        return doc
    # References are new: what looks like one was a secret's own text.
    found = {}
    for where, value in _secrets(runtime, doc):
        place = _place(doc["tenant"], doc["id"], where)
        found[where] = fields.literal(runtime, value, 1, *place)
    return _without(doc, found) | {SECRETS: found}


def as_plugin(runtime: Runtime, record: Record) -> Warehouse:
    """Give a warehouse as plugins see it, its secrets in clear; `record` names its tenant.

    Raises `SealBroken`, and `Unavailable` for a reference that leads nowhere. What was opened is
    remembered until the warehouse is changed.
    """
    doc = record.doc
    key = (doc["tenant"], doc["id"], doc["name"], record.version)
    known = runtime.part(OPENED).get(key)
    if known is None:
        known = unsaved(runtime, doc, doc["tenant"], record.version)
        runtime.part(OPENED).put(key, known)
    return known


def unsaved(runtime: Runtime, doc: Doc, tenant: str, version: int = 0) -> Warehouse:
    """Give a warehouse that need not be stored, as plugins see it."""
    found = {
        where: fields.resolved(runtime.settings, kept["reference"])
        for where, kept in doc.get(SECRETS, {}).items()
        if "reference" in kept
    }
    whole = _with(plain(runtime, doc, tenant), found)
    return Warehouse(
        tenant=tenant,
        id=doc["id"],
        name=doc["name"],
        version=version,
        config=whole[CONFIG],
        use_sts=doc["use_sts"],
        vending_strategy=whole[STRATEGY],
    )


def root_of(runtime: Runtime, doc: Doc, tenant: str) -> str:
    """Give a warehouse's base location; raise `BadRequest` naming a bad option."""
    return runtime.part(OBJECTS).root(unsaved(runtime, doc, tenant).config)


def _secrets(runtime: Runtime, doc: Doc) -> Iterator[tuple[str, str]]:
    config = doc[CONFIG]
    for option in runtime.part(OBJECTS).secret_options(config):
        if config.get(option):
            yield f"{CONFIG}.{option}", config[option]
    strategy = doc[STRATEGY]
    if isinstance(strategy, dict):
        for tag, members in strategy.items():
            for member in sorted(vending_strategies.secret_members(tag, members)):
                yield f"{STRATEGY}.{tag}.{member}", members[member]


def _without(doc: Doc, names: Mapping[str, Any]) -> Doc:
    bare = _copied(doc)
    for where in names:
        members, name = _holder(bare, where)
        del members[name]
    return bare


def _with(doc: Doc, values: Mapping[str, str]) -> Doc:
    whole = _copied(doc)
    for where, value in values.items():
        members, name = _holder(whole, where)
        members[name] = value
    return whole


def _copied(doc: Doc) -> Doc:
    strategy = doc[STRATEGY]
    if isinstance(strategy, dict):
        strategy = {tag: dict(members) for tag, members in strategy.items()}
    return doc | {CONFIG: dict(doc[CONFIG]), STRATEGY: strategy}


def _holder(doc: Doc, where: str) -> tuple[dict[str, str], str]:
    field, _, name = where.partition(".")
    if field == CONFIG:
        return doc[CONFIG], name
    tag, _, member = name.partition(".")
    return doc[STRATEGY][tag], member


def _place(tenant: str, warehouse: str, where: str) -> tuple[str, ...]:
    return (WAREHOUSE.name, tenant, warehouse, where)
