"""The secrets of a warehouse: sealed, apart from its options, and bound to where they are stored.

A warehouse's record keeps them under `secrets`, by `storage_config.<option>` and
`vending_strategy.<tag>.<member>`. A secret that is copied to another tenant, warehouse or option
does not open there.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.context.runtime import Part, Runtime
from pangolin.services.sealing import fields
from pangolin.services.sealing.keyring import Keyring, SealBroken
from pangolin.services.storage import vending_strategies
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc
from pangolin.store.kinds import WAREHOUSE
from pangolin.store.lru import Lru

SECRETS: Final = "secrets"
CONFIG: Final = "storage_config"
MOST: Final = 1024
# Warehouses with their secrets opened, by tenant, id, name and version.
OPENED: Final = Part(lambda runtime: Lru[tuple[str, str, str, int], Warehouse](MOST))
STRATEGY: Final = vending_strategies.FIELD


def sealed(
    runtime: Runtime, doc: WarehouseDoc, tenant: str, before: WarehouseDoc | None = None
) -> WarehouseDoc:
    """Return a record with its secrets sealed; those unchanged since `before` are kept as they are.

    Raises `BadRequest` for a reference that is not allowed, or if there is no key to seal with.
    """
    kept = {} if before is None else before.get(SECRETS, {})
    found = {}
    for where, value in _secrets(runtime, doc):
        binding = _binding(tenant, doc["id"], where)
        found[where] = fields.entry(runtime, value, kept.get(where), *binding)
    return {**_without(doc, found), "secrets": found}


def plain(
    runtime: Runtime, doc: WarehouseDoc, tenant: str, *, lenient: bool = False
) -> WarehouseDoc:
    """Return a record with its secrets in clear text, and references as they were written.

    Raises `SealBroken` for a secret that does not open; `lenient` leaves it out instead.
    """
    found = {}
    for where, kept in doc.get(SECRETS, {}).items():
        try:
            found[where] = fields.plain(runtime, kept, *_binding(tenant, doc["id"], where))
        except SealBroken:
            if not lenient:
                raise
    return _with(doc, found)


def masked(runtime: Runtime, doc: WarehouseDoc) -> WarehouseDoc:
    """Return a record with its secrets masked except their last four characters or reference."""
    public: WarehouseDoc = {
        **doc,
        "storage_config": runtime.part(OBJECTS).masked(doc[CONFIG]),
        "vending_strategy": vending_strategies.masked(doc[STRATEGY]),
    }
    return _with(public, {where: kept["shown"] for where, kept in doc.get(SECRETS, {}).items()})


def for_audit(doc: WarehouseDoc) -> WarehouseDoc:
    """Return the record in the form that the audit log hashes: secrets without ciphertext."""
    kept = doc.get(SECRETS, {})
    return {**doc, "secrets": {where: fields.for_audit(each) for where, each in kept.items()}}


def resealed(keyring: Keyring, doc: WarehouseDoc) -> WarehouseDoc:
    """Return a record with its secrets re-sealed by the first key; raise `SealBroken`."""
    kept = doc.get(SECRETS, {})
    if not kept:
        return doc
    fresh = {
        where: fields.resealed(keyring, each, *_binding(doc["tenant"], doc["id"], where))
        for where, each in kept.items()
    }
    return {**doc, "secrets": fresh}


def upgraded(runtime: Runtime, doc: WarehouseDoc) -> WarehouseDoc:
    """Upgrade a record of layout 2, which has its secrets in clear text, to layout 3.

    Raises `UnknownPlugin` if no installed plugin defines which of its options are secret.
    """
    if SECRETS in doc:
        return doc
    # Layout 2 had no references: what looks like one is the secret itself.
    found = {}
    for where, value in _secrets(runtime, doc):
        binding = _binding(doc["tenant"], doc["id"], where)
        found[where] = fields.literal(runtime, value, 1, *binding)
    return {**_without(doc, found), "secrets": found}


def as_plugin(runtime: Runtime, record: Record[WarehouseDoc]) -> Warehouse:
    """Return a warehouse for plugins, with its secrets in clear text; `record` names its tenant.

    Raises `SealBroken`, and `Unavailable` for a reference that cannot be resolved. The result is
    cached until the warehouse is changed.
    """
    doc = record.doc
    key = (doc["tenant"], doc["id"], doc["name"], record.version)
    known = runtime.part(OPENED).get(key)
    if known is None:
        known = unsaved(runtime, doc, doc["tenant"], record.version)
        runtime.part(OPENED).put(key, known)
    return known


def unsaved(runtime: Runtime, doc: WarehouseDoc, tenant: str, version: int = 0) -> Warehouse:
    """Return a warehouse for plugins, from a record that need not be stored."""
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


def root_of(runtime: Runtime, doc: WarehouseDoc, tenant: str) -> str:
    """Return a warehouse's base location; raise `BadRequest` naming a bad option."""
    return runtime.part(OBJECTS).root(unsaved(runtime, doc, tenant).config)


def _secrets(runtime: Runtime, doc: WarehouseDoc) -> Iterator[tuple[str, str]]:
    config = doc[CONFIG]
    for option in runtime.part(OBJECTS).secret_options(config):
        if config.get(option):
            yield f"{CONFIG}.{option}", config[option]
    strategy = doc[STRATEGY]
    if isinstance(strategy, dict):
        for tag, members in strategy.items():
            for member in sorted(vending_strategies.secret_members(tag, members)):
                yield f"{STRATEGY}.{tag}.{member}", members[member]


def _without(doc: WarehouseDoc, names: Mapping[str, Any]) -> WarehouseDoc:
    bare = _copied(doc)
    for where in names:
        members, name = _holder(bare, where)
        del members[name]
    return bare


def _with(doc: WarehouseDoc, values: Mapping[str, str]) -> WarehouseDoc:
    whole = _copied(doc)
    for where, value in values.items():
        members, name = _holder(whole, where)
        members[name] = value
    return whole


def _copied(doc: WarehouseDoc) -> WarehouseDoc:
    strategy = doc[STRATEGY]
    if isinstance(strategy, dict):
        strategy = {tag: dict(members) for tag, members in strategy.items()}
    return {**doc, "storage_config": dict(doc[CONFIG]), "vending_strategy": strategy}


def _holder(doc: WarehouseDoc, where: str) -> tuple[dict[str, str], str]:
    field, _, name = where.partition(".")
    if field == CONFIG:
        return doc[CONFIG], name
    tag, _, member = name.partition(".")
    return doc[STRATEGY][tag], member


def _binding(tenant: str, warehouse: str, where: str) -> tuple[str, ...]:
    return (WAREHOUSE.name, tenant, warehouse, where)
