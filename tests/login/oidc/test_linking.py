"""Who a person of a provider is here: found by address once, by the provider's id ever after."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pangolin.app import build_server
from pangolin.errors import Unauthorized
from pangolin.interfaces.authentication import ExternalIdentity, Principal
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT, ROOT_ID
from pangolin.services.login import external_identities
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, ANY, Delete, Put
from pangolin.store.kinds import EXTERNAL_IDENTITY, PRINCIPAL, ROLE, ROOT_HOME, TENANT
from tests.hashing import cheap
from tests.login.oidc.world import ANN, add_user, audited, users
from tests.servers.keys import SECRET_KEYS

NEW = replace(ANN, creates=True)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """The parts behind an application, with records in SQLite; no provider is asked here."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    settings = Settings(store_url=url, secret_keys=SECRET_KEYS, root_password="correct horse")
    made = build_server(cheap(settings)).runtime
    initialise(made)
    yield made
    made.store.close()


def admit(runtime: Runtime, identity: ExternalIdentity) -> Principal:
    """Admit a person for an hour."""
    return external_identities.admit(runtime, identity, runtime.clock() + 3_600_000)


def test_a_verified_address_of_an_allowed_domain_finds_the_user(runtime: Runtime) -> None:
    add_user(runtime, "annie", "Ann@Example.ORG")
    principal = admit(runtime, replace(ANN, email="ANN@example.org"))
    assert (principal.id, principal.name) == ("id-of-annie", "annie")
    assert audited(runtime)[-1] == ("update_user", "success", "annie")


@pytest.mark.parametrize(
    "identity",
    [
        replace(ANN, email_verified=False),
        replace(ANN, email=None),
        replace(ANN, domains=()),
        replace(ANN, domains=("example.com",)),
        replace(ANN, domains=("ample.org",)),
        replace(ANN, email="ann@sub.example.org"),
        replace(ANN, email="ann@evil.com@example.org"),
        replace(ANN, email="@example.org"),
    ],
)
def test_no_other_address_finds_a_user(runtime: Runtime, identity: ExternalIdentity) -> None:
    add_user(runtime, "annie", identity.email)
    with pytest.raises(Unauthorized, match="create_users"):
        admit(runtime, identity)
    assert runtime.store.count(EXTERNAL_IDENTITY) == 0


def test_a_link_stays_when_address_and_name_change(runtime: Runtime) -> None:
    first = admit(runtime, NEW)
    changed = replace(ANN, email="other@elsewhere.example", email_verified=False, name="zoe")
    again = admit(runtime, changed)
    assert (again.id, again.name) == (first.id, "ann")


def test_the_same_id_at_another_provider_is_somebody_else(runtime: Runtime) -> None:
    first = admit(runtime, replace(NEW, email=None, domains=()))
    other = admit(runtime, replace(NEW, provider="other", email=None, domains=()))
    assert first.id != other.id


def test_an_address_that_changed_hands_does_not_bring_the_user_along(runtime: Runtime) -> None:
    admit(runtime, NEW)
    with pytest.raises(Unauthorized, match="somebody else"):
        admit(runtime, replace(NEW, subject="ann-2"))


def test_one_user_may_be_known_to_two_providers(runtime: Runtime) -> None:
    assert admit(runtime, NEW).id == admit(runtime, replace(ANN, provider="other")).id


def test_an_address_that_users_gave_themselves_proves_nothing(runtime: Runtime) -> None:
    add_user(runtime, "mallory", ANN.email, email_own=True)
    with pytest.raises(Unauthorized, match="administrator"):
        admit(runtime, NEW)


def test_an_unverified_address_is_not_kept_for_others_to_find(runtime: Runtime) -> None:
    mallory = replace(NEW, subject="m", name="mallory", email_verified=False, domains=())
    admit(runtime, mallory)
    assert admit(runtime, NEW).name == "ann"
    assert {doc["name"]: doc["email"] for doc in users(runtime)} == {
        "mallory": None,
        "ann": ANN.email,
    }


def test_two_users_of_one_address_are_not_chosen_from(runtime: Runtime) -> None:
    add_user(runtime, "ann", ANN.email)
    add_user(runtime, "annie", ANN.email)
    with pytest.raises(Unauthorized, match="several users"):
        admit(runtime, NEW)


def test_a_user_who_was_shut_out_does_not_come_back_as_another(runtime: Runtime) -> None:
    add_user(runtime, "annie", ANN.email, active=False)
    for identity in (ANN, NEW, replace(NEW, email_verified=False)):
        with pytest.raises(Unauthorized, match="not active"):
            admit(runtime, identity)
    assert len(users(runtime)) == 1


def test_an_inactive_user_is_refused_after_linking(runtime: Runtime) -> None:
    principal = admit(runtime, NEW)
    (doc,) = users(runtime)
    runtime.store.apply(Put(PRINCIPAL, doc | {"active": False}, ANY))
    with pytest.raises(Unauthorized, match="not active"):
        admit(runtime, NEW)
    assert principal.id == doc["id"]


def test_a_service_user_is_never_found(runtime: Runtime) -> None:
    add_user(runtime, "robot", ANN.email, type="service")
    assert admit(runtime, NEW).type == "user"


def test_root_is_never_found(runtime: Runtime) -> None:
    record = runtime.store.get(PRINCIPAL, (ROOT_HOME, ROOT_ID))
    assert record is not None
    runtime.store.apply(Put(PRINCIPAL, record.doc | {"email": ANN.email}, record.version))
    principal = admit(runtime, NEW)
    assert (principal.role, principal.tenant) == ("tenant-user", DEFAULT_TENANT)


def test_the_first_user_of_all_is_no_admin(runtime: Runtime) -> None:
    assert users(runtime) == []
    assert admit(runtime, replace(NEW, name="root")).role == "tenant-user"


def test_a_user_of_another_tenant_is_never_found(runtime: Runtime) -> None:
    runtime.store.apply(Put(TENANT, {"tenant": "t2", "name": "two", "properties": {}}, ABSENT))
    add_user(runtime, "annie", ANN.email, tenant="t2")
    assert admit(runtime, NEW).tenant == DEFAULT_TENANT
    assert admit(runtime, replace(ANN, provider="p2", tenant="two")).id == "id-of-annie"


def test_a_person_does_not_move_to_another_tenant(runtime: Runtime) -> None:
    runtime.store.apply(Put(TENANT, {"tenant": "t2", "name": "two", "properties": {}}, ABSENT))
    admit(runtime, NEW)
    with pytest.raises(Unauthorized, match="another tenant"):
        admit(runtime, replace(NEW, tenant="two"))


def test_a_person_whose_user_went_with_its_tenant_may_begin_anew(runtime: Runtime) -> None:
    runtime.store.apply(Put(TENANT, {"tenant": "t2", "name": "two", "properties": {}}, ABSENT))
    old = admit(runtime, replace(NEW, tenant="two"))
    runtime.store.apply(Delete(TENANT, ("t2",)), Delete(PRINCIPAL, ("t2", old.id)))
    new = admit(runtime, NEW)
    assert (new.tenant, new.id == old.id) == (DEFAULT_TENANT, False)
    assert admit(runtime, NEW).id == new.id


def test_a_tenant_that_does_not_exist_admits_nobody(runtime: Runtime) -> None:
    for tenant in ("nowhere", "", "?"):
        with pytest.raises(Unauthorized, match="does not exist"):
            admit(runtime, replace(NEW, tenant=tenant))


def test_domains_bound_who_becomes_a_user(runtime: Runtime) -> None:
    for identity in (replace(NEW, email_verified=False), replace(NEW, email="a@elsewhere.example")):
        with pytest.raises(Unauthorized, match="allowed domain"):
            admit(runtime, identity)
    assert users(runtime) == []


def test_a_new_user_is_audited_with_its_provider(runtime: Runtime) -> None:
    admit(runtime, NEW)
    assert audited(runtime)[-1] == ("create_user", "success", "ann")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("ann", "ann-2"),
        (" Ann B./x ", "Ann-B.-x"),
        ("../..", "user"),
        ("a\x00\x1bb", "ab"),
        ("x" * 500, "x" * 100),
        ("", "user"),
    ],
)
def test_a_name_that_is_taken_or_unfit_is_changed(runtime: Runtime, wanted: str, name: str) -> None:
    add_user(runtime, "ann")
    assert admit(runtime, replace(NEW, name=wanted)).name == name


def test_many_of_one_name_all_get_in(runtime: Runtime) -> None:
    names = {
        admit(runtime, replace(NEW, subject=str(number), email=None, domains=())).name
        for number in range(14)
    }
    assert len(names) == 14


def test_groups_become_roles_for_this_credential_only(runtime: Runtime) -> None:
    role = {"tenant": DEFAULT_TENANT, "id": "r1", "name": "developer"}
    foreign = {"tenant": "t2", "id": "r2", "name": "boss"}
    runtime.store.apply(Put(ROLE, role, ABSENT), Put(ROLE, foreign, ABSENT))
    mapping = {"devs": "developer", "bosses": "boss", "gone": "no-such-role"}
    identity = replace(NEW, roles=mapping, groups=("devs", "bosses", "gone", "others"))
    assert admit(runtime, identity).roles == ("r1",)
    assert admit(runtime, replace(identity, groups=())).roles == ()


@pytest.mark.parametrize("known", [False, True])
def test_many_servers_at_once_make_one_link(runtime: Runtime, known: bool) -> None:
    if known:
        add_user(runtime, "annie", ANN.email)
    other = build_server(runtime.settings).runtime
    servers = [runtime, other] * 12
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda server: admit(server, NEW).id, servers))
    assert len(found) == len(users(runtime)) == runtime.store.count(EXTERNAL_IDENTITY) == 1
    made = [action for action, _, _ in audited(runtime) if action.endswith("_user")]
    assert len(made) == 1
    other.store.close()


def test_a_link_that_was_removed_counts_no_more(runtime: Runtime) -> None:
    first = admit(runtime, NEW)
    runtime.store.purge(EXTERNAL_IDENTITY, ())
    with pytest.raises(Unauthorized, match="create_users"):
        admit(runtime, replace(ANN, email=None))
    assert admit(runtime, ANN).id == first.id
