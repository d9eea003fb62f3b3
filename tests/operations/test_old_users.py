"""The upgrade from layout 1, whose users had a kind of their own and whose sessions end."""

from typing import Any

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.layout import read_layout, write_layout
from pangolin.services.operations.migration_v2_users import SESSION, USER, to_principals
from pangolin.services.operations.migrations import UPGRADES, run
from pangolin.store.api import Put
from pangolin.store.kinds import ALL, PRINCIPAL, ROOT_HOME

TO_2 = UPGRADES[:1]


@pytest.fixture
def old() -> MemoryStore:
    """A store as layout 1 left it: root, a user, and a session."""
    store = MemoryStore()
    store.setup([*ALL, USER, SESSION])
    write_layout(store, 1)
    session = {"digest": "d", "user": "root", "expires_at_ms": 1}
    ann = old_user("u1", DEFAULT_TENANT, "ann", email="Ann@Example.com", password_hash="hash")
    root = old_user("root", ROOT_HOME, "root", role="root")
    store.apply(Put(USER, root), Put(USER, ann), Put(SESSION, session))
    return store


def old_user(id_: str, home: str, name: str, **more: Any) -> dict[str, Any]:
    doc = {"id": id_, "home": home, "username": name, "tenant": home or None, "email": None}
    rest = {"role": "tenant-user", "password_hash": None, "active": True}
    return doc | rest | {"created_at_ms": 5, "last_login_ms": None} | more


def test_users_move_to_their_tenant_and_keep_what_they_had(old: MemoryStore) -> None:
    [done] = run(old, TO_2)
    assert (done.number, done.records) == (2, 2)
    ann = old.get(PRINCIPAL, (DEFAULT_TENANT, "u1"))
    assert ann is not None
    assert ann.doc["name"] == "ann" and ann.doc["type"] == "user"
    assert ann.doc["password_hash"] == "hash" and ann.doc["created_at_ms"] == 5
    assert (ann.doc["email"], ann.doc["email_given"]) == ("ann@example.com", "Ann@Example.com")
    root = old.get(PRINCIPAL, (ROOT_HOME, "root"))
    assert root is not None and root.doc["role"] == "root"
    assert (old.count(USER), old.count(SESSION)) == (0, 0)
    found = read_layout(old)
    assert found is not None and found.doc["number"] == 2


def test_a_dry_run_counts_and_changes_nothing(old: MemoryStore) -> None:
    assert [done.records for done in run(old, TO_2, dry_run=True)] == [2]
    assert (old.count(USER), old.count(SESSION), old.count(PRINCIPAL)) == (2, 1, 0)


def test_an_upgrade_that_was_stopped_goes_on(old: MemoryStore) -> None:
    to_principals(old, False)
    moved = old.get(PRINCIPAL, (DEFAULT_TENANT, "u1"))
    # As if it had been stopped between the two records of a user.
    old.apply(Put(USER, old_user("u1", DEFAULT_TENANT, "ann")))
    run(old, TO_2)
    assert old.get(PRINCIPAL, (DEFAULT_TENANT, "u1")) == moved
    assert old.count(USER) == 0


def test_a_root_that_a_server_made_meanwhile_stays(old: MemoryStore) -> None:
    fresh = {"tenant": ROOT_HOME, "id": "root", "type": "user", "name": "root", "role": "root"}
    old.apply(Put(PRINCIPAL, fresh))
    run(old, TO_2)
    root = old.get(PRINCIPAL, (ROOT_HOME, "root"))
    assert root is not None and root.doc == fresh
