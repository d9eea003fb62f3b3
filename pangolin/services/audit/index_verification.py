"""Proof that a search of the log leaves no record out.

A database stores the searched fields beside the record, where they are not signed: if they are
changed there, the record is intact, but no search finds it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pangolin.services.audit.query import ORDERS
from pangolin.services.audit.verification import Broken
from pangolin.store.api import Store
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT

# An index, and the values that a search of it is for.
Search = tuple[str, tuple[str, ...]]


def first_hidden(store: Store, tenant: str) -> Broken | None:
    """Return a record that a search for its own values misses or finds in the wrong place."""
    wanted = Counter(
        search for record in store.scan(AUDIT, (tenant,)) for search in _searches(record.doc)
    )
    for search, count in wanted.items():
        if store.count(AUDIT, (tenant, *search[1]), index=search[0]) < count:
            found = _hidden(store, tenant, search)
            if found is not None:
                return _broken(found, f"a search by {search[0]} does not find it")
    return _displaced(store, tenant)


def _searches(doc: Mapping[str, Any]) -> Iterator[Search]:
    for name, fields in ORDERS:
        values = tuple(doc[each] for each in fields if doc.get(each) is not None)
        if len(values) == len(fields):
            yield name, values


def _hidden(store: Store, tenant: str, search: Search) -> AuditDoc | None:
    index, values = search
    found = {record.doc["id"] for record in store.scan(AUDIT, (tenant, *values), index=index)}
    for record in store.scan(AUDIT, (tenant,)):
        doc = record.doc
        if search in _searches(doc) and doc["id"] not in found and _is_there(store, doc):
            return doc
    return None


def _is_there(store: Store, doc: AuditDoc) -> bool:
    # Retention may have removed it during the search.
    return store.get(AUDIT, AUDIT.key_of(doc)) is not None


def _displaced(store: Store, tenant: str) -> Broken | None:
    last = ""
    for record in store.scan(AUDIT, (tenant,), index="time"):
        if record.doc["id"] < last:
            return _broken(record.doc, "a search by time finds it in the wrong place")
        last = record.doc["id"]
    return None


def _broken(doc: AuditDoc, what: str) -> Broken:
    return Broken(doc["tenant"], doc["segment"], doc["number"], doc["id"], what)
