"""Users who log in with a password, and the sessions that logging in opens."""

import hashlib
import secrets
from dataclasses import dataclass

from pangolin.errors import Unauthorized
from pangolin.identity import Principal
from pangolin.services import passwords
from pangolin.services.initialise import ROOT_ID
from pangolin.services.scope import Runtime, Scope
from pangolin.store.api import ABSENT, Conflict, Delete, Doc, Put, Record
from pangolin.store.kinds import SESSION, USER
from pangolin.store.pledged import Pledge

TOKEN_PREFIX = "pgs_"  # noqa: S105 - marks our tokens, so that others' are left to their plugins
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Login:
    """An opened session: the token (shown once), its expiry in epoch ms, and the user's record."""

    token: str
    expires_at_ms: int
    user: Doc


def check_password(runtime: Runtime, home: str, username: str, password: str) -> Record | None:
    """Find the user of a tenant (root's home is '') whose name and password these are."""
    record = runtime.store.find(USER, "username", (home, username))
    if record is None or not record.doc["active"]:
        passwords.waste_time(password)
        return None
    if record.doc["id"] == ROOT_ID and runtime.settings.root_password:
        fits = passwords.equal(runtime.settings.root_password, password)
    elif record.doc["password_hash"]:
        fits = passwords.matches(record.doc["password_hash"], password)
    else:
        fits = passwords.waste_time(password)
    return record if fits else None


def principal_of(user: Doc) -> Principal:
    """Give the principal a user's record stands for."""
    return Principal(user["id"], user["username"], user["role"], user["tenant"])


def login(runtime: Runtime, username: str, password: str, tenant: str | None) -> Login:
    """Open a session; raise `Unauthorized` for a wrong name or password."""
    record = check_password(runtime, tenant or "", username, password)
    if record is None:
        raise Unauthorized("wrong user name or password")
    now = runtime.clock()
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session = {
        "digest": digest(token),
        "user": record.doc["id"],
        "name": record.doc["username"],
        "role": record.doc["role"],
        "tenant": record.doc["tenant"],
        "created_at_ms": now,
        "expires_at_ms": now + runtime.settings.session_hours * HOUR_MS,
    }
    runtime.store.apply(Put(SESSION, session, ABSENT), *_expired(runtime, now))
    return Login(token, session["expires_at_ms"], _note_login(runtime, record, now))


def principal_of_token(runtime: Runtime, token: str) -> Principal:
    """Look a session up by its token; raise `Unauthorized` if it is not open.

    One that this process has seen is taken on a pledge: its record is read again, and a
    revocation found, with the first thing that the request reads.
    """
    name = digest(token)
    known = runtime.sessions.get(name)
    record = known or runtime.store.get(SESSION, (name,))
    if record is None:
        raise Unauthorized("the token is unknown or was revoked")
    if record.doc["expires_at_ms"] <= runtime.clock():
        raise Unauthorized("the token has expired")
    runtime.sessions.put(name, record)
    doc, pledge = record.doc, _pledge(runtime, name, record) if known else None
    return Principal(doc["user"], doc["name"], doc["role"], doc["tenant"], pledge=pledge)


def _pledge(runtime: Runtime, name: str, known: Record) -> Pledge:
    def confirm(record: Record | None) -> None:
        if record is None or record.version != known.version:
            runtime.sessions.drop(name)
            raise Unauthorized("the token is unknown or was revoked")

    return Pledge(SESSION, (name,), confirm)


def logout(scope: Scope, token: str) -> None:
    """Close a session; every worker refuses its token from now on."""
    scope.settle()
    scope.runtime.store.apply(Delete(SESSION, (digest(token),)))


def me(scope: Scope) -> Doc:
    """Describe the user who asks; one that is not kept here is described by its principal."""
    record = scope.runtime.store.get(USER, (scope.principal.id,))
    if record is not None:
        return record.doc
    return {
        "id": scope.principal.id,
        "username": scope.principal.name,
        "role": scope.principal.role,
        "tenant": scope.principal.tenant,
    }


def digest(token: str) -> str:
    """Give the form in which a token is kept: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _expired(runtime: Runtime, now: int) -> list[Delete]:
    oldest = runtime.store.page(SESSION, index="expires", limit=20).records
    gone = [record.doc for record in oldest if record.doc["expires_at_ms"] <= now]
    return [Delete(SESSION, (doc["digest"],)) for doc in gone]


def _note_login(runtime: Runtime, record: Record, now: int) -> Doc:
    doc = {**record.doc, "last_login_ms": now}
    try:
        runtime.store.apply(Put(USER, doc, record.version))
    except Conflict:
        # Somebody else changed the user meanwhile; the time of a login is not worth a retry.
        return record.doc
    return doc
