"""Proof that a tenant's audit log is complete and unchanged, or the first place where it is not."""

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from pangolin.services.audit import segments as audit_segments
from pangolin.services.audit.chains import Head
from pangolin.services.audit.signatures import is_genuine
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import Record, Store
from pangolin.store.identity_documents import AuditDoc, AuditSegmentDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

# The source of a head that was kept outside the store.
KEPT: Final = "the file of heads"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that is not as it was written; the segment's own if it has no number."""

    tenant: str
    segment: str
    number: int | None
    id: str | None
    what: str


@dataclass(slots=True)
class Verdict:
    """The contents of a tenant's log: segments, records, the segments' heads, and their digest.

    Verification of a tenant stops at the first `broken` record.
    """

    tenant: str
    segments: int = 0
    records: int = 0
    heads: list[Head] = field(default_factory=list)
    broken: Broken | None = None

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the heads of all segments."""
        lines = (f"{head.segment} {head.number} {head.mac}\n" for head in self.heads)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


class Break(Exception):
    """A place where a segment is not as it was written."""

    def __init__(self, number: int | None, found: str | None, what: str) -> None:
        super().__init__(what)
        self.number, self.id, self.what = number, found, what


@dataclass(frozen=True, slots=True)
class Noted:
    """A head, and the other segment that notes it."""

    head: Head
    by: str


def verify(
    runtime: Runtime, tenant: str | None = None, kept: Mapping[str, Sequence[Head]] | None = None
) -> Iterator[Verdict]:
    """Verify one tenant's log, or every log; `kept` are heads that were kept elsewhere."""
    key, store = audit_segments.key(runtime), runtime.store
    wanted = audit_segments.tenants(store) if tenant is None else iter([tenant])
    for each in sorted({*wanted, *(kept or {} if tenant is None else ())}):
        yield _Log(store, key, each).verified((kept or {}).get(each, ()))


def end_of(store: Store, key: bytes, tenant: str, segment: str) -> Head:
    """Verify one segment on its own and return its head; raise `Break`."""
    return _Log(store, key, tenant).end_of(segment, None)


@dataclass(frozen=True, slots=True)
class _Log:
    store: Store
    key: bytes
    tenant: str

    def verified(self, kept: Sequence[Head]) -> Verdict:
        verdict = Verdict(self.tenant)
        noted, names = self._noted(kept)
        for name in self._names(sorted(names | set(noted))):
            try:
                head = self._settled_end_of(name, noted.get(name))
            except Break as found:
                at = (found.number, found.id, found.what)
                verdict.broken = Broken(self.tenant, name, *at)
                return verdict
            verdict.segments += 1
            verdict.records += head.number
            verdict.heads.append(head)
        return verdict

    def end_of(self, name: str, noted: Noted | None) -> Head:
        """Verify one segment and return its head; raise `Break`."""
        found = self.store.get(AUDIT_SEGMENT, (self.tenant, name))
        if found is None:
            raise self._unopened(name, noted)
        doc = found.doc
        if not is_genuine(doc, self.key) or (doc["tenant"], doc["segment"]) != (self.tenant, name):
            raise Break(None, None, "the segment's own record was changed")
        end = self._removed(doc) if "removed" in doc else self._walked(doc, noted)
        if noted is not None and end.number < noted.head.number:
            ends = f"the segment ends with record {end.number}"
            raise Break(end.number + 1, None, f"{ends}, {_says(noted)}")
        return end

    def _settled_end_of(self, name: str, noted: Noted | None) -> Head:
        before = self._version(name)
        try:
            return self.end_of(name, noted)
        except Break:
            # It was opened, or retention removed its records, while it was being read.
            if self._version(name) == before:
                raise
            return self.end_of(name, noted)

    def _version(self, name: str) -> int | None:
        found = self.store.get(AUDIT_SEGMENT, (self.tenant, name))
        return None if found is None else found.version

    def _noted(self, kept: Sequence[Head]) -> tuple[dict[str, Noted], set[str]]:
        """Return the latest noted head of each segment, and the names of all segments."""
        noted = {head.segment: Noted(head, KEPT) for head in kept}
        names: set[str] = set()
        for record in self.store.scan(AUDIT_SEGMENT, (self.tenant,)):
            name = str(record.doc["segment"])
            names.add(name)
            # The notes of a changed record are ignored; it is reported when its turn comes.
            if is_genuine(record.doc, self.key):
                for head in audit_segments.anchors_of(record.doc):
                    known = noted.get(head.segment)
                    if known is None or known.head.number < head.number:
                        noted[head.segment] = Noted(head, f"segment {name}")
        return noted, names

    def _names(self, known: Sequence[str]) -> Iterator[str]:
        merged = heapq.merge(known, self._with_records())
        return (name for name, _ in groupby(merged))

    def _with_records(self) -> Iterator[str]:
        after: tuple[str, ...] = ()
        while found := self.store.page(AUDIT, (self.tenant,), after=after, limit=1).records:
            name = str(found[0].doc["segment"])
            # A document stored under a key other than its own must not cause an endless loop.
            if after and name <= after[0]:
                return
            yield name
            after = (name,)

    def _unopened(self, name: str, noted: Noted | None) -> Break:
        first = self.store.page(AUDIT, (self.tenant, name), limit=1).records
        if first:
            doc = first[0].doc
            return Break(doc.get("number"), doc.get("id"), "its segment's own record is missing")
        says = "nothing is left of the segment"
        return Break(1, None, f"{says}, {_says(noted)}" if noted else says)

    def _removed(self, doc: AuditSegmentDoc) -> Head:
        """Trust the signed stub of a segment that retention removed; leftovers must be genuine."""
        for record in self._records(doc):
            self._check(record.doc, str(doc["segment"]))
        gone = doc["removed"]
        return Head(doc["segment"], gone["number"], gone["mac"])

    def _walked(self, doc: AuditSegmentDoc, noted: Noted | None) -> Head:
        name, number, mac = str(doc["segment"]), 0, str(doc["mac"])
        for record in self._records(doc):
            number += 1
            self._check(record.doc, name, number)
            if record.doc["number"] != number:
                raise Break(number, None, f"record {record.doc['number']} is in its place")
            if record.doc["prev"] != mac:
                raise Break(number, record.doc["id"], "it does not follow the record before it")
            mac = record.doc["mac"]
            if noted and number == noted.head.number and mac != noted.head.mac:
                raise Break(number, record.doc["id"], f"it is another record, {_says(noted)}")
        if number == 0:
            raise Break(1, None, "the segment's records are gone")
        return Head(name, number, mac)

    def _check(self, doc: AuditDoc, segment: str, number: int | None = None) -> None:
        if not is_genuine(doc, self.key):
            at = doc.get("number") if number is None else number
            raise Break(at, doc.get("id"), "the record was changed, or does not belong to this log")
        if doc["tenant"] != self.tenant or doc["segment"] != segment:
            raise Break(number, doc["id"], f"the record belongs to segment {doc['segment']}")

    def _records(self, doc: AuditSegmentDoc) -> Iterator[Record[AuditDoc]]:
        return self.store.scan(AUDIT, (self.tenant, str(doc["segment"])))


def _says(noted: Noted) -> str:
    return f"but {noted.by} notes that it had {noted.head.number}"
