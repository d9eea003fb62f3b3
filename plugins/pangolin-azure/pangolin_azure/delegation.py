"""User delegation keys: fetched from Azure every few hours, and kept in memory only."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from azure.storage.blob import BlobServiceClient, UserDelegationKey

from pangolin_azure.account import Account
from pangolin_azure.failures import asking
from pangolin_azure.identity import LIMITS, SCOPE, GivenToken, Identity, credential_of
from pangolin_azure.sas import DelegationKey

LIFE_S: Final = 4 * 3600
# Azure's limit is seven days.
MAX_LIFE_S: Final = 7 * 24 * 3600 - 60
# Clocks differ; Azure refuses keys that start in its future.
SKEW_S: Final = 300
CAPACITY: Final = 1024

Seconds = Callable[[], float]
Fetch = Callable[[Account, Identity, int, int], DelegationKey]
_Name = tuple[str, str, str]


@dataclass(slots=True)
class _Slot:
    """One key; the lock is held while it is fetched, so that only one thread asks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    key: DelegationKey | None = None
    stale_at: float = 0.0


@dataclass(slots=True)
class _Kept:
    pid: int = field(default_factory=os.getpid)
    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: OrderedDict[_Name, _Slot] = field(default_factory=OrderedDict)


def fetch_key(
    account: Account, identity: Identity, starts_at: int, expires_at: int
) -> DelegationKey:
    """Ask Azure for a key; times in epoch seconds.

    Raises `Forbidden` if it refuses (the role Storage Blob Delegator is missing), `Unavailable`
    if it cannot be reached.
    """
    with asking("a token"):
        token = GivenToken(credential_of(identity, account).get_token(SCOPE))
    with (
        asking("a user delegation key"),
        BlobServiceClient(account.blob_url, token, **LIMITS) as client,
    ):
        found = client.get_user_delegation_key(_time(starts_at), _time(expires_at))
    return _read(found)


class DelegationKeys:
    """Keys by tenant, storage account and identity; safe to share between threads and forks."""

    def __init__(self, fetch: Fetch = fetch_key, clock: Seconds = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept = _Kept()

    def get(self, tenant: str, account: Account, identity: Identity, ttl_s: int) -> DelegationKey:
        """Return a key that is valid for `ttl_s` more seconds; a new one after half of its life."""
        slot = self._slot((tenant, account.blob_url, identity.fingerprint))
        with slot.lock:
            now = self._clock()
            if slot.key is None or now >= slot.stale_at or slot.key.expires_at < now + ttl_s:
                life = min(max(LIFE_S, 2 * ttl_s), MAX_LIFE_S)
                starts_at = int(now) - SKEW_S
                slot.key = self._fetch(account, identity, starts_at, int(now) + life - SKEW_S)
                slot.stale_at = now + life / 2
            return slot.key

    def _slot(self, name: _Name) -> _Slot:
        if self._kept.pid != os.getpid():
            self._kept = _Kept()
        with self._kept.lock:
            slot = self._kept.slots.setdefault(name, _Slot())
            self._kept.slots.move_to_end(name)
            while len(self._kept.slots) > CAPACITY:
                self._kept.slots.popitem(last=False)
        return slot


def _read(found: UserDelegationKey) -> DelegationKey:
    fields = {
        "skoid": found.signed_oid,
        "sktid": found.signed_tid,
        "skt": found.signed_start,
        "ske": found.signed_expiry,
        "sks": found.signed_service,
        "skv": found.signed_version,
    }
    expires = datetime.fromisoformat(str(found.signed_expiry).replace("Z", "+00:00"))
    known = {name: str(value) for name, value in fields.items()}
    return DelegationKey(known, str(found.value), int(expires.timestamp()))


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
