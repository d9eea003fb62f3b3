"""Random operations on random refs, against a model that copies everything at every fork."""

import tempfile
import uuid
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pangolin.errors import NamespaceNotEmpty, PangolinError
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.branches import refs
from pangolin.services.branches.refs import RefType
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.context.resource import Resource
from pangolin.services.operations import garbage_collection
from pangolin.services.versioned import entries, listing
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, Found
from pangolin.services.versioned.listing import Query
from pangolin.services.versioned.resolution import resolve
from pangolin.store import kinds
from pangolin.store.api import Store
from pangolin.store.documents import AssetDoc
from tests.examples import examples
from tests.worlds.one_catalog import context_on

SPACES = ("a", "b", "a\x1fx", "é😀")
NAMES = ("t", "u", "T", "t.1", "ü")


def entry_of(space: str, name: str, number: int) -> AssetDoc:
    """Build an entry that tells which write made it by its time."""
    return {
        "namespace": space,
        "name": name,
        "type": "table",
        "kind": "ICEBERG_TABLE",
        "id": name,
        "location": f"file:///{name}",
        "created_at_ms": 0,
        "updated_at_ms": number,
    }


class Copying:
    """A catalog that copies everything when it forks."""

    def __init__(self) -> None:
        self.assets: dict[str, dict[tuple[str, str], int]] = {"main": {}}
        self.spaces: dict[str, set[str]] = {"main": set()}
        self.tags: set[str] = set()

    def fork(self, source: str, name: str) -> None:
        self.assets[name] = dict(self.assets[source])
        self.spaces[name] = set(self.spaces[source])

    def forget(self, name: str) -> None:
        del self.assets[name], self.spaces[name]
        self.tags.discard(name)

    def is_empty(self, ref: str, space: str) -> bool:
        held = any(path == space for path, _ in self.assets[ref])
        return not held and not any(s.startswith(space + "\x1f") for s in self.spaces[ref])


class Refs(RuleBasedStateMachine):
    """Apply each operation to the catalog and to the model; they must always show the same."""

    def __init__(self, store: Store | None = None) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        root = Path(self.directory.name)
        self.ctx = context_on(root, store, tenant=str(uuid.uuid4()))
        self.model = Copying()
        self.serial = 0

    def teardown(self) -> None:
        self.directory.cleanup()

    def branches(self) -> list[str]:
        return sorted(set(self.model.assets) - self.model.tags)

    def pick(self, data: st.DataObject, writable: bool) -> str:
        among = self.branches() if writable else sorted(self.model.assets)
        return data.draw(st.sampled_from(among))

    @rule(data=st.data(), space=st.sampled_from(SPACES))
    def create_namespace(self, data: st.DataObject, space: str) -> None:
        ref = self.pick(data, writable=True)
        parent = kinds.parent_of(space)
        known = self.model.spaces[ref]
        allowed = space not in known and (not parent or parent in known)
        try:
            namespaces.create(self.ctx, f"lake@{ref}", space.split("\x1f"), {})
        except PangolinError:
            assert not allowed
        else:
            assert allowed
            known.add(space)

    @rule(data=st.data(), space=st.sampled_from(SPACES))
    def drop_namespace(self, data: st.DataObject, space: str) -> None:
        ref = self.pick(data, writable=True)
        if space not in self.model.spaces[ref]:
            return
        empty = self.model.is_empty(ref, space)
        try:
            namespaces.drop(self.ctx, f"lake@{ref}", space.split("\x1f"))
        except NamespaceNotEmpty:
            assert not empty
        else:
            assert empty
            self.model.spaces[ref].remove(space)

    @rule(data=st.data(), space=st.sampled_from(SPACES), name=st.sampled_from(NAMES))
    def put(self, data: st.DataObject, space: str, name: str) -> None:
        ref = self.pick(data, writable=True)
        if space not in self.model.spaces[ref]:
            return
        self.serial += 1
        resolved, _ = resolve(self.ctx, f"lake@{ref}")
        entry = entries.get(self.ctx.store, resolved, ASSETS, (space, name))
        above = entries.get(self.ctx.store, resolved, NAMESPACES, (space,))
        doc = entry_of(space, name, self.serial)
        changes = [resolved.hold(), *entries.write(resolved, ASSETS, doc, entry.own)]
        if entry.doc is None:
            assert above.doc is not None
            changes.append(namespaces.hold(Found(resolved, above.doc, above.own)))
        batch.apply(self.ctx, changes, AuditEvent(AuditAction.COMMIT_TABLE, Resource("table")))
        self.model.assets[ref][space, name] = self.serial

    @rule(data=st.data(), space=st.sampled_from(SPACES), name=st.sampled_from(NAMES))
    def drop(self, data: st.DataObject, space: str, name: str) -> None:
        ref = self.pick(data, writable=True)
        resolved, _ = resolve(self.ctx, f"lake@{ref}")
        entry = entries.get(self.ctx.store, resolved, ASSETS, (space, name))
        assert (entry.doc is not None) == ((space, name) in self.model.assets[ref])
        if entry.doc is None:
            return
        changes = [resolved.hold(), *entries.drop(resolved, ASSETS, (space, name), entry.own)]
        batch.apply(self.ctx, changes, AuditEvent(AuditAction.DROP_TABLE, Resource("table")))
        del self.model.assets[ref][space, name]

    @precondition(lambda self: len(self.model.assets) < 9)
    @rule(data=st.data(), tag=st.booleans())
    def fork(self, data: st.DataObject, tag: bool) -> None:
        source = self.pick(data, writable=False)
        self.serial += 1
        name = f"r{self.serial}"
        make = refs.create_tag if tag else refs.create_branch
        make(self.ctx, "lake", name, from_ref=source)
        self.model.fork(source, name)
        if tag:
            self.model.tags.add(name)

    @precondition(lambda self: len(self.model.assets) > 1)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(set(self.model.assets) - {"main"})))
        kind: RefType = "tag" if name in self.model.tags else "branch"
        refs.delete_ref(self.ctx, "lake", name, kind)
        self.model.forget(name)

    @rule()
    def collect(self) -> None:
        assert garbage_collection.collect(self.ctx.runtime).errors == []

    @invariant()
    def every_ref_shows_what_the_model_shows(self) -> None:
        for ref, assets in self.model.assets.items():
            resolved, _ = resolve(self.ctx, f"lake@{ref}")
            store = self.ctx.store
            shown = listing.everything(store, resolved, ASSETS)
            assert {(d["namespace"], d["name"]): d["updated_at_ms"] for d in shown} == assets
            spaces = [d["path"] for d in listing.everything(store, resolved, NAMESPACES)]
            assert spaces == sorted(self.model.spaces[ref])

    @invariant()
    def single_reads_and_pages_agree_with_the_model(self) -> None:
        ref = sorted(self.model.assets)[self.serial % len(self.model.assets)]
        resolved, _ = resolve(self.ctx, f"lake@{ref}")
        store, assets = self.ctx.store, self.model.assets[ref]
        for space in SPACES:
            names = sorted(name for path, name in assets if path == space)
            first, more = listing.page(store, Query(resolved, ASSETS, space, "table", limit=2))
            assert [d["name"] for d in first] == names[:2]
            assert (more is None) == (len(names) <= 2)
            rest, _ = (
                listing.page(store, Query(resolved, ASSETS, space, after=more))
                if more
                else ([], None)
            )
            assert [d["name"] for d in rest] == names[2:]
            for name in NAMES:
                entry = entries.get(store, resolved, ASSETS, (space, name))
                found = entry.doc["updated_at_ms"] if entry.doc else None
                assert found == assets.get((space, name))
        counts = listing.live_counts(store, resolved)
        assert counts["table"] == len(assets)
        assert counts["namespace"] == len(self.model.spaces[ref])


Refs.TestCase.settings = settings(examples(150), stateful_step_count=40)
test_refs = Refs.TestCase
