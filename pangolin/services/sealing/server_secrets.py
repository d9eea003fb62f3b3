"""Random secrets of the installation, created once, sealed in the store, shared by all servers."""

import secrets
from typing import Final

from pangolin.services.context.runtime import Part, Runtime
from pangolin.services.sealing.keyring import KEYRING
from pangolin.store.api import ABSENT, Conflict, Put
from pangolin.store.identity_documents import ServerSecretDoc
from pangolin.store.kinds import SERVER_SECRET
from pangolin.store.lru import Lru

SECRET_BYTES = 32
# The key of API key digests, and the key that signs audit records.
PEPPER = "api-key-pepper"
AUDIT = "audit"
REMEMBERED: Final = Part(lambda runtime: Lru[str, bytes]())


def get(runtime: Runtime, name: str) -> bytes:
    """Return a secret of 32 bytes, created if there is none; the process caches it."""
    known = runtime.part(REMEMBERED).get(name)
    if known is None:
        known = _stored(runtime, name) or _made(runtime, name)
        runtime.part(REMEMBERED).put(name, known)
    return known


def _stored(runtime: Runtime, name: str) -> bytes | None:
    record = runtime.store.get(SERVER_SECRET, (name,))
    if record is None:
        return None
    return runtime.part(KEYRING).open(record.doc["sealed"], SERVER_SECRET.name, name)


def _made(runtime: Runtime, name: str) -> bytes:
    secret = secrets.token_bytes(SECRET_BYTES)
    sealed = runtime.part(KEYRING).seal(secret, SERVER_SECRET.name, name)
    doc: ServerSecretDoc = {"name": name, "sealed": sealed, "created_at_ms": runtime.clock()}
    try:
        runtime.store.apply(Put(SERVER_SECRET, doc, ABSENT))
    except Conflict:
        # Another server was first.
        return _stored(runtime, name) or secret
    return secret
