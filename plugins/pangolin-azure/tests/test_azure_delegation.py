import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from pangolin_azure.account import Account
from pangolin_azure.delegation import LIFE_S, MAX_LIFE_S, SKEW_S, DelegationKeys
from pangolin_azure.identity import Identity
from pangolin_azure.sas import DelegationKey

from pangolin.plugin import Unavailable

ACCOUNT = Account("lake1", "wh", "core.windows.net")
IDENTITY = Identity("client-secret", "tenant", "client", "secret")


@dataclass
class Azure:
    """What gives keys: counts them, and can be slow or away."""

    now: float = 1_000_000.0
    asked: list[tuple[Account, Identity, int, int]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    gate: threading.Event | None = None

    def fetch(self, account: Account, identity: Identity, start: int, end: int) -> DelegationKey:
        if self.gate is not None:
            assert self.gate.wait(10)
        self.asked.append((account, identity, start, end))
        if self.failures:
            raise self.failures.pop()
        return DelegationKey({"skt": str(start)}, "a2V5", end)

    def keys(self) -> DelegationKeys:
        return DelegationKeys(self.fetch, lambda: self.now)


def test_one_key_serves_half_of_its_life() -> None:
    azure = Azure()
    keys = azure.keys()
    first = keys.get("t", ACCOUNT, IDENTITY, 3600)
    azure.now += LIFE_S / 2 - 1
    assert keys.get("t", ACCOUNT, IDENTITY, 3600) is first
    azure.now += 1
    assert keys.get("t", ACCOUNT, IDENTITY, 3600) is not first


def test_a_key_starts_a_little_ago_and_outlives_what_it_signs() -> None:
    azure = Azure()
    key = azure.keys().get("t", ACCOUNT, IDENTITY, 12 * 3600)
    assert azure.asked[0][2] == azure.now - SKEW_S
    assert azure.now + 12 * 3600 < key.expires_at <= azure.now + MAX_LIFE_S


def test_no_key_is_asked_for_longer_than_seven_days() -> None:
    azure = Azure()
    azure.keys().get("t", ACCOUNT, IDENTITY, 5 * 24 * 3600)
    _, _, start, end = azure.asked[0]
    assert end - start < 7 * 24 * 3600


def test_a_longer_credential_gets_a_longer_key() -> None:
    azure = Azure()
    keys = azure.keys()
    keys.get("t", ACCOUNT, IDENTITY, 3600)
    key = keys.get("t", ACCOUNT, IDENTITY, 8 * 3600)
    assert key.expires_at >= azure.now + 8 * 3600
    assert len(azure.asked) == 2


@pytest.mark.parametrize(
    ("tenant", "account", "identity"),
    [
        ("u", ACCOUNT, IDENTITY),
        ("t", Account("lake2", "wh", "core.windows.net"), IDENTITY),
        ("t", ACCOUNT, Identity("client-secret", "tenant", "client", "next secret")),
        ("t", ACCOUNT, Identity("client-certificate", "tenant", "client", "secret")),
    ],
)
def test_another_tenant_account_or_secret_has_a_key_of_its_own(
    tenant: str, account: Account, identity: Identity
) -> None:
    azure = Azure()
    keys = azure.keys()
    keys.get("t", ACCOUNT, IDENTITY, 3600)
    keys.get(tenant, account, identity, 3600)
    assert len(azure.asked) == 2


def test_containers_of_one_account_share_a_key() -> None:
    azure = Azure()
    keys = azure.keys()
    keys.get("t", ACCOUNT, IDENTITY, 3600)
    keys.get("t", Account("lake1", "other", "core.windows.net"), IDENTITY, 3600)
    assert len(azure.asked) == 1


def test_sixteen_threads_ask_once() -> None:
    azure = Azure(gate=threading.Event())
    keys = azure.keys()
    with ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(keys.get, "t", ACCOUNT, IDENTITY, 3600) for _ in range(16)]
        assert azure.gate is not None
        azure.gate.set()
        assert len({id(job.result()) for job in jobs}) == 1
    assert len(azure.asked) == 1


def test_a_failure_is_not_remembered() -> None:
    azure = Azure(failures=[Unavailable("away")])
    keys = azure.keys()
    with pytest.raises(Unavailable):
        keys.get("t", ACCOUNT, IDENTITY, 3600)
    assert keys.get("t", ACCOUNT, IDENTITY, 3600).value == "a2V5"


def test_a_child_process_asks_for_a_key_of_its_own() -> None:
    azure = Azure()
    keys = azure.keys()
    keys.get("t", ACCOUNT, IDENTITY, 3600)
    child = os.fork()
    if child == 0:
        keys.get("t", ACCOUNT, IDENTITY, 3600)
        os._exit(len(azure.asked))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
