"""Random secrets of the installation, made once, sealed in the store and shared by all servers."""

import secrets

from pangolin.services.context.runtime import Runtime
from pangolin.store.api import ABSENT, Conflict, Put
from pangolin.store.kinds import SERVER_SECRET

SECRET_BYTES = 32
# What digests of API keys are keyed with, and what signs audit records.
PEPPER = "api-key-pepper"
AUDIT = "audit"


def get(runtime: Runtime, name: str) -> bytes:
    """Read a secret, making it if there is none; 32 bytes, remembered by the process."""
    known = runtime.secrets.get(name)
    if known is None:
        known = _stored(runtime, name) or _made(runtime, name)
        runtime.secrets.put(name, known)
    return known


def _stored(runtime: Runtime, name: str) -> bytes | None:
    record = runtime.store.get(SERVER_SECRET, (name,))
    if record is None:
        return None
    return runtime.vault.keyring.open(record.doc["sealed"], SERVER_SECRET.name, name)


def _made(runtime: Runtime, name: str) -> bytes:
    secret = secrets.token_bytes(SECRET_BYTES)
    sealed = runtime.vault.keyring.seal(secret, SERVER_SECRET.name, name)
    doc = {"name": name, "sealed": sealed, "created_at_ms": runtime.clock()}
    try:
        runtime.store.apply(Put(SERVER_SECRET, doc, ABSENT))
    except Conflict:
        # Another server was first.
        return _stored(runtime, name) or secret
    return secret
