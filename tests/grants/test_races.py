"""Rights that change while something stands on them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.errors import BadRequest, NotFound
from pangolin.services.accounts import account, removal
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import Denied
from pangolin.services.context.resource import Resource
from pangolin.services.grants import grants, memberships, roles
from pangolin.store.api import Change
from pangolin.store.kinds import GRANT
from tests.changes.test_management_races import failed, together
from tests.worlds.lake import IN_LAKE, Lake, lake_on, refused, space

ROUNDS = 8


def test_two_roles_put_into_each_other_at_once_make_no_cycle(lake: Lake) -> None:
    for number in range(ROUNDS):
        a, b = (roles.create(lake.root, {"name": f"{name}{number}"})["id"] for name in "ab")
        answers = together(
            partial(memberships.nest, lake.root, a, b), partial(memberships.nest, lake.root, b, a)
        )
        assert sorted(map(failed, answers)) == [False, True], answers
        assert any(isinstance(answer, BadRequest) for answer in answers)


class Late(MemoryStore):
    """Something happens between what a request decides and what it writes."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[], object] | None = None

    def apply(self, *changes: Change) -> None:
        first, self.first = self.first, None
        if first is not None:
            first()
        super().apply(*changes)


@pytest.mark.parametrize("grantee", ["ann", "bob", "carol", "role"])
def test_a_grant_does_not_outlive_the_right_to_give_it(tmp_path: Path, grantee: str) -> None:
    store = Late()
    lake = lake_on(tmp_path, store)
    ann = lake.person("ann")
    for name in ("bob", "carol"):
        lake.person(name)
    role = roles.create(lake.root, {"name": "r"})["id"]
    own = lake.grant("ann", IN_LAKE, "read", "manage-grants")
    to = {"role_id": role} if grantee == "role" else {"user_id": grantee}
    given = {"scope": space("a"), "actions": ["read"], **to}
    grants.create(ann, given)
    store.first = partial(grants.revoke, lake.root, own)
    refused(lambda: grants.create(ann, given), Denied)


def test_a_revocation_does_not_outlive_the_right_to_it(tmp_path: Path) -> None:
    store = Late()
    lake = lake_on(tmp_path, store)
    ann = lake.person("ann")
    lake.person("bob")
    own = lake.grant("ann", IN_LAKE, "manage-grants")
    other = lake.grant("bob", IN_LAKE, "read")
    store.first = partial(grants.revoke, lake.root, own)
    refused(lambda: grants.revoke(ann, other), Denied)
    assert lake.root.store.get(GRANT, (other,)) is not None


def test_a_grantee_that_is_removed_meanwhile_is_granted_nothing(lake: Lake) -> None:
    for number in range(ROUNDS):
        name = f"ann{number}"
        lake.person(name)
        record = account.find(lake.root, lake.root.tenant, name)
        remove = partial(
            removal.remove, lake.root, AuditAction.DELETE_USER, Resource("user", (name,)), record
        )
        made, removed = together(partial(lake.grant, name, IN_LAKE, "read"), remove)
        assert not failed(removed), removed
        assert not failed(made) or isinstance(made, NotFound), made
        assert list(grants.of(lake.root, [name])) == []
