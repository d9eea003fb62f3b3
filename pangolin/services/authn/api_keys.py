"""API keys of service users: 256 random bits, found by id, compared by one HMAC."""

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from pangolin.errors import PangolinError, Unauthorized
from pangolin.interfaces.authentication import Principal
from pangolin.services.authn import principals, sessions
from pangolin.services.context.runtime import Part, Runtime
from pangolin.services.sealing import server_secrets
from pangolin.store.api import ANY, Put, Record
from pangolin.store.identity_documents import ApiKeyDoc, LastUsedDoc, PrincipalDoc
from pangolin.store.kinds import API_KEY, LAST_USED
from pangolin.store.lru import Lru

PREFIX = "pgl_"
KIND = "api-key"
FORM = re.compile(r"pgl_([0-9a-f]{32})([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
REFUSED = "the API key is unknown, expired or was revoked"
# How far the recorded time of a key's last use may lag behind.
LAZY_MS = 300_000
# When this process last recorded the use of a key, by tenant and key.
NOTED_USES: Final = Part(lambda runtime: Lru[tuple[str | None, str], int]())


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: its text, shown once, and the record to store."""

    text: str = field(repr=False)
    record: ApiKeyDoc


def make(
    runtime: Runtime, owner: PrincipalDoc, *, created_by: str, expires_at_ms: int | None
) -> MadeKey:
    """Create a key for a service user; the caller stores the record."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    text = f"{PREFIX}{UUID(owner['tenant']).hex}{key_id}_{secret}"
    record: ApiKeyDoc = {
        "tenant": owner["tenant"],
        "id": key_id,
        "principal": owner["id"],
        "digest": _digest(runtime, text),
        "created_at_ms": runtime.clock(),
        "created_by": created_by,
        "expires_at_ms": expires_at_ms,
    }
    return MadeKey(text, record)


def principal_of(runtime: Runtime, key: str) -> Principal | None:
    """Return the principal of an API key, or None for other text; raise `Unauthorized`."""
    if not key.startswith(PREFIX):
        return None
    principal = sessions.recognise(runtime, KIND, key, lambda: establish(runtime, key))
    note_use(runtime, principal)
    return principal


def establish(runtime: Runtime, key: str) -> Principal:
    """Check an API key without any cache: one indexed read and one comparison."""
    found = FORM.fullmatch(key)
    if found is None:
        raise Unauthorized(REFUSED)
    place = (str(UUID(found[1])), found[2])
    record = runtime.store.get(API_KEY, place)
    if record is None or not hmac.compare_digest(record.doc["digest"], _digest(runtime, key)):
        raise Unauthorized(REFUSED)
    # Read again, after the stamp: a key that was revoked in between must not be cached.
    owner = principals.standing(runtime, place[0], record.doc["principal"], [(API_KEY, place)])
    principal = principals.principal_of(owner.doc, owner.stamp)
    return _with_end(principal, owner.doc, _unexpired(runtime, owner.others[0]))


def _unexpired(runtime: Runtime, record: Record[ApiKeyDoc] | None) -> ApiKeyDoc:
    expires = None if record is None else record.doc["expires_at_ms"]
    if record is None or (expires is not None and expires <= runtime.clock()):
        raise Unauthorized(REFUSED)
    return record.doc


def _with_end(principal: Principal, owner: PrincipalDoc, key: ApiKeyDoc) -> Principal:
    ends = [end for end in (owner.get("expires_at_ms"), key["expires_at_ms"]) if end is not None]
    claims = {"api_key": key["id"], "auth_time_ms": None}
    return replace(principal, claims=claims | ({"expires_at_ms": min(ends)} if ends else {}))


def _digest(runtime: Runtime, text: str) -> str:
    pepper = server_secrets.get(runtime, server_secrets.PEPPER)
    return hmac.new(pepper, text.encode(), "sha256").hexdigest()


def note_use(runtime: Runtime, principal: Principal) -> None:
    """Record the use of a key and its owner, at most once in a few minutes."""
    key_id, now = str(principal.claims["api_key"]), runtime.clock()
    noted, name = runtime.part(NOTED_USES), (principal.tenant, key_id)
    last = noted.get(name)
    if last is not None and now - last < LAZY_MS:
        return
    noted.put(name, now)
    try:
        ids = (key_id, principal.id)
        home = principals.home_of(principal)
        docs: list[LastUsedDoc] = [{"tenant": home, "id": used, "at_ms": now} for used in ids]
        runtime.store.apply(*(Put(LAST_USED, doc, ANY) for doc in docs))
    except PangolinError:
        # The time of a key's last use is not worth failing a request.
        noted.drop(name)
