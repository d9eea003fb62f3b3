"""Export and import as JSON lines: a header, a line per record, and a trailer with a digest.

Secrets are exported as they are stored. Tokens, counters and idempotency keys are left out: they
live for minutes or hours and belong to the running servers.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import orjson

from pangolin.errors import BadRequest, Conflicting, NoSuchTenant
from pangolin.services.operations.layout import LayoutMismatch, read_layout, write_layout
from pangolin.services.operations.store_copy import canonical
from pangolin.store.api import ABSENT, Conflict, Kind, Put, Record, Store
from pangolin.store.kinds import (
    ALL,
    AUDIT,
    AUDIT_SEGMENT,
    EXTERNAL_IDENTITY,
    IDEMPOTENCY,
    LAYOUT,
    LIMIT,
    LOGIN_STEP,
    STAMP,
    TENANT,
    TOKEN,
)

FORMAT = 1
BATCH = 200
PASSING = (LAYOUT, TOKEN, IDEMPOTENCY, STAMP, LIMIT, LOGIN_STEP)
KEPT = tuple(kind for kind in ALL if kind not in PASSING)
BY_NAME = {kind.name: kind for kind in KEPT}


def export(store: Store, out: IO[bytes], *, tenant: str | None, now_ms: int) -> dict[str, int]:
    """Write an installation, or one tenant (by id), and return the counts by kind.

    Raises `NoSuchTenant`, and `LayoutMismatch` if the store is not an installation.
    """
    layout = read_layout(store)
    if layout is None:
        raise LayoutMismatch("the store is not a Pangolin installation: it has no layout record")
    if tenant is not None and store.get(TENANT, (tenant,)) is None:
        raise NoSuchTenant(f"Tenant does not exist: {tenant}")
    header = {"pangolin": FORMAT, "layout": layout.doc["number"], "tenant": tenant}
    _line(out, header | {"exported_at_ms": now_ms})
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    for kind in KEPT:
        for record in _records(store, kind, tenant):
            line = canonical({"kind": kind.name, "doc": record.doc})
            digest.update(line)
            counts[kind.name] += 1
            out.write(line + b"\n")
    _line(out, {"end": {"counts": counts, "sha256": digest.hexdigest()}})
    return dict(counts)


def import_(store: Store, lines: IO[bytes], *, layout: int) -> dict[str, int]:
    """Import an exported file's records into a store; equal ones that already exist are skipped.

    `lines` must be seekable: the whole file is verified before anything is written. Raises
    `BadRequest` for a damaged file, `LayoutMismatch` for one of another layout, and `Conflicting`
    if the store holds something else under a key.
    """
    start = lines.tell()
    counts = _proved(lines, layout)
    lines.seek(start)
    store.setup(ALL)
    batch: list[Put] = []
    for document in _documents(lines):
        batch.append(Put(BY_NAME[document["kind"]], document["doc"], ABSENT))
        if len(batch) == BATCH:
            _insert(store, batch)
            batch = []
    _insert(store, batch)
    if read_layout(store) is None:
        write_layout(store, layout)
    return counts


def _records(store: Store, kind: Kind, tenant: str | None) -> Iterator[Record]:
    if tenant is None:
        return store.scan(kind)
    if kind in (AUDIT, AUDIT_SEGMENT):
        # Records signed by this installation prove nothing in another; see `audit export`.
        return iter(())
    if kind is EXTERNAL_IDENTITY:
        return store.scan(kind, (tenant,), index="principal")
    return store.scan(kind, (tenant,)) if kind.key[0] == "tenant" else iter(())


def _proved(lines: IO[bytes], layout: int) -> dict[str, int]:
    header = _parsed(lines.readline())
    if header.get("pangolin") != FORMAT:
        raise BadRequest("the file is not an export of this format")
    if header["layout"] != layout:
        raise LayoutMismatch(
            f"the export has layout {header['layout']}, this release writes {layout}: import it "
            "with the release that created it, and then upgrade"
        )
    counts: Counter[str] = Counter()
    digest, end = hashlib.sha256(), None
    for line in lines:
        document = _parsed(line)
        if "end" in document:
            end = document["end"]
            break
        _check_record(document)
        digest.update(line.rstrip(b"\n"))
        counts[document["kind"]] += 1
    if end != {"counts": dict(counts), "sha256": digest.hexdigest()}:
        raise BadRequest("the file is damaged: its end is missing or its digest does not match")
    return dict(counts)


def _check_record(document: dict[str, Any]) -> None:
    if document.get("kind") not in BY_NAME or not isinstance(document.get("doc"), dict):
        raise BadRequest(f"the file holds an unknown kind of record: {document.get('kind')!r}")


def _documents(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    rest = iter(lines)
    next(rest)
    for line in rest:
        document = _parsed(line)
        if "end" in document:
            return
        yield document


def _insert(store: Store, batch: Sequence[Put]) -> None:
    if not batch:
        return
    try:
        store.apply(*batch)
    except Conflict:
        for put in batch:
            _insert_one(store, put)


def _insert_one(store: Store, put: Put) -> None:
    key = put.kind.key_of(put.doc)
    found = store.get(put.kind, key)
    if found is not None and found.doc == put.doc:
        return
    if found is not None:
        raise Conflicting(f"the store holds another {put.kind.name} under {key}")
    try:
        store.apply(put)
    except Conflict as conflict:
        raise Conflicting(f"{put.kind.name} {key} cannot be imported: {conflict.message}") from None


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the file is damaged: {error}") from None
    if not isinstance(document, dict):
        raise BadRequest("the file is damaged: a line is not a JSON object")
    return document


def _line(out: IO[bytes], document: dict[str, Any]) -> None:
    out.write(orjson.dumps(document) + b"\n")
