"""The steps of an interactive login, kept in the store so that any server may take the next one.

A step is named by a random text that only its owner has; the store holds a digest of that name and
the step's sealed content.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from pangolin.services.context.runtime import Runtime
from pangolin.services.sealing.keyring import KEYRING
from pangolin.store.api import ABSENT, Change, Conflict, Delete, Put, Version
from pangolin.store.identity_documents import LoginStepDoc
from pangolin.store.kinds import LOGIN_STEP

STATE, CODE = "state", "code"
# Milliseconds: a person may have to type a password at the provider; a program does not.
LIFETIMES_MS = {STATE: 600_000, CODE: 120_000}
LONGEST_NAME = 128
SWEPT = 20


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was found: its content, and the change that consumes it."""

    content: Mapping[str, object] = field(repr=False)
    digest: str
    version: Version

    @property
    def use(self) -> Delete:
        """The change that deletes the step; it conflicts if another request consumed it first."""
        return Delete(LOGIN_STEP, (self.digest,), self.version)


def keep(runtime: Runtime, kind: str, content: Mapping[str, object]) -> str:
    """Store a step for its lifetime; return the text that names it."""
    name, now = secrets.token_urlsafe(32), runtime.clock()
    digest = digest_of(kind, name)
    keyring = runtime.part(KEYRING)
    doc: LoginStepDoc = {
        "digest": digest,
        "sealed": keyring.seal(orjson.dumps(content), LOGIN_STEP.name, digest),
        "expires_at_ms": now + LIFETIMES_MS[kind],
    }
    runtime.store.apply(Put(LOGIN_STEP, doc, ABSENT), *_expired(runtime, now))
    return name


def find(runtime: Runtime, kind: str, name: str) -> Step | None:
    """Return the step with a name, or None if it is unknown, used or expired."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isascii():
        return None
    digest = digest_of(kind, name)
    record = runtime.store.get(LOGIN_STEP, (digest,))
    if record is None or record.doc["expires_at_ms"] <= runtime.clock():
        return None
    content = runtime.part(KEYRING).open(record.doc["sealed"], LOGIN_STEP.name, digest)
    return Step(orjson.loads(content), digest, record.version)


def used(runtime: Runtime, step: Step) -> bool:
    """Consume a step; return False if another request consumed it first."""
    try:
        runtime.store.apply(step.use)
    except Conflict:
        return False
    return True


def digest_of(kind: str, name: str) -> str:
    """Return a step's key: 256 random bits need no slow hash, and the kind is hashed with them."""
    return hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()


def _expired(runtime: Runtime, now: int) -> list[Change]:
    oldest = runtime.store.page(LOGIN_STEP, index="expires", limit=SWEPT).records
    return [
        Delete(LOGIN_STEP, (record.doc["digest"],))
        for record in oldest
        if record.doc["expires_at_ms"] <= now
    ]
