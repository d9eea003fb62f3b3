"""Tokens of the warehouses' identities, from which narrower ones are made; in memory only."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from google.auth import impersonated_credentials
from google.auth.credentials import Credentials

from pangolin.plugin import Unavailable
from pangolin_gcp.failures import asking
from pangolin_gcp.identity import Identity, credential_of
from pangolin_gcp.transport import PatientRequest, Transport

PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
READ_WRITE: Final = "https://www.googleapis.com/auth/devstorage.read_write"
READ_ONLY: Final = "https://www.googleapis.com/auth/devstorage.read_only"
# Google's limit for impersonation, and the fixed lifetime with a service account's key.
MAX_LIFE_S: Final = 3600
MIN_LIFE_S: Final = 600
# A narrower token expires with its source, so a source is used for its first tenth of life only.
FRESH: Final = 0.9
CAPACITY: Final = 1024

Seconds = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `expires_at` is in epoch seconds."""

    value: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to request: for which tenant, identity and scope, and for how many seconds."""

    tenant: str
    identity: Identity
    scope: str
    life_s: int = MAX_LIFE_S


@dataclass(slots=True)
class _Slot:
    """One token; the lock is held while it is fetched, so that only one thread asks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: Token | None = None
    stale_at: float = 0.0


@dataclass(slots=True)
class _Kept:
    pid: int = field(default_factory=os.getpid)
    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: OrderedDict[tuple[str, ...], _Slot] = field(default_factory=OrderedDict)


class Sources:
    """Tokens by tenant, identity, scope and life; safe to share between threads and forks.

    google-auth's credentials are not: each is made for one fetch and discarded.
    """

    def __init__(self, transport: Transport = PatientRequest, clock: Seconds = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._kept = _Kept()

    def get(self, wanted: Wanted) -> Token:
        """Return a token with nine tenths of its life left.

        Raises `Forbidden` if Google denies the identity, `Unavailable` if it cannot be reached.
        """
        slot = self._slot(wanted)
        with slot.lock:
            now = self._clock()
            if slot.token is None or now >= slot.stale_at:
                slot.token = fetch(wanted, self._transport)
                slot.stale_at = now + (slot.token.expires_at - now) * (1 - FRESH)
            return slot.token

    def _slot(self, wanted: Wanted) -> _Slot:
        if self._kept.pid != os.getpid():
            self._kept = _Kept()
        # Google gives all others the same lifetime, whatever is requested.
        life = str(wanted.life_s) if wanted.identity.impersonate else ""
        name = (wanted.tenant, wanted.identity.fingerprint, wanted.scope, life)
        with self._kept.lock:
            slot = self._kept.slots.setdefault(name, _Slot())
            self._kept.slots.move_to_end(name)
            while len(self._kept.slots) > CAPACITY:
                self._kept.slots.popitem(last=False)
        return slot


def fetch(wanted: Wanted, transport: Transport) -> Token:
    """Ask Google for a token; only an impersonated identity's has the requested lifetime."""
    request = transport()
    with asking("a token"):
        credential = credential_of(wanted.identity, wanted.scope, request)
        if wanted.identity.impersonate:
            credential = _impersonated(credential, wanted)
        credential.refresh(request)  # type: ignore[no-untyped-call]
    expiry: datetime | None = credential.expiry
    if expiry is None:
        raise Unavailable("Google Cloud returned a token without an expiry")
    # It has no zone and is in UTC.
    return Token(str(credential.token), expiry.replace(tzinfo=UTC).timestamp())


def _impersonated(source: Credentials, wanted: Wanted) -> Credentials:
    made: Credentials = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        source_credentials=source,
        target_principal=wanted.identity.impersonate,
        target_scopes=[wanted.scope],
        lifetime=max(MIN_LIFE_S, min(wanted.life_s, MAX_LIFE_S)),
    )
    return made
