"""Sign-in with a password, and logout."""

from dataclasses import dataclass, field
from typing import Final, cast

from pangolin.errors import BadRequest, PangolinError, Unauthorized
from pangolin.interfaces.authentication import Principal
from pangolin.services.audit import trail
from pangolin.services.audit.records import Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import passwords, principals, rate_limits, sessions, tokens
from pangolin.services.authn.principals import USER
from pangolin.services.authn.tokens import Issued, Terms
from pangolin.services.changes import batch
from pangolin.services.context.context import UNKNOWN_CLIENT, ClientInfo, Context
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT, ROOT_ID
from pangolin.store.api import Conflict, Put, Record
from pangolin.store.identity_documents import PrincipalDoc
from pangolin.store.kinds import PRINCIPAL, TOKEN

WRONG = "wrong user name or password"
BASIC = "basic"
LOGIN: Final = "login"
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in: the token that was issued, and the user's record."""

    issued: Issued
    user: PrincipalDoc


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in: the home ('' for root), the name, the password and the client."""

    home: str
    username: str
    password: str = field(repr=False)
    client: ClientInfo = UNKNOWN_CLIENT

    @property
    def account(self) -> str:
        """The account to count the attempt for, whether it exists or not."""
        return f"{self.home}/{self.username}"


def login(runtime: Runtime, attempt: Attempt) -> Login:
    """Issue a token for a name and a password.

    Raises `Unauthorized` if either is wrong and `TooManyRequests` after too many attempts.
    """
    principal, record = _proved(runtime, attempt)
    now = runtime.clock()
    end = now + runtime.settings.session_hours * HOUR_MS
    terms = Terms(expires_at_ms=end, auth_time_ms=now, use=LOGIN)
    issued, changes = tokens.prepare(runtime, principal, terms)
    actor = Actor(principal, attempt.client)
    with trail.recording(
        runtime, actor, AuditEvent(AuditAction.LOGIN, Resource(USER, (principal.name,)))
    ) as records:
        runtime.store.apply(*changes, *records)
    return Login(issued, note_login(runtime, record, now))


def principal_of_basic(
    runtime: Runtime, username: str, password: str, client: ClientInfo
) -> Principal:
    """Return the principal of HTTP Basic credentials; argon2 runs once per process.

    The name is root's, or `tenant/name` for a user.
    """
    text = f"{username}\0{password}"

    def establish() -> Principal:
        home, name = principals.split_name(runtime, username)
        return _proved(runtime, Attempt(home, name, password, client))[0]

    return sessions.recognise(runtime, BASIC, text, establish)


def logout(ctx: Context) -> None:
    """Revoke the token that the request carries; raise `BadRequest` if it carries none."""
    jti = ctx.principal.token
    if jti is None:
        raise BadRequest("Authorization must carry the bearer token of the session to close")
    home = principals.home_of(ctx.principal)
    record = ctx.runtime.store.get(TOKEN, (home, jti))
    changes = [] if record is None else tokens.revoking(record.doc)
    resource = Resource("token", (jti,))
    batch.apply(ctx, changes, AuditEvent(AuditAction.LOGOUT, resource), store=ctx.unscoped)


def me(ctx: Context) -> PrincipalDoc:
    """Describe the caller; one without a record here is described by its principal."""
    principal = ctx.principal
    home = principals.home_of(principal)
    record = ctx.runtime.store.get(PRINCIPAL, (home, principal.id))
    if record is not None:
        return record.doc
    bare = {
        "id": principal.id,
        "name": principal.name,
        "role": principal.role,
        "tenant": principal.tenant,
    }
    return cast(PrincipalDoc, bare)


def _proved(runtime: Runtime, attempt: Attempt) -> tuple[Principal, Record[PrincipalDoc]]:
    rate_limits.take(runtime, LOGIN, attempt.client.address, attempt.account)
    record = principals.find_named(runtime, attempt.home, USER, attempt.username)
    if not _fits(runtime, record, attempt.password) or record is None:
        rate_limits.failed(runtime, LOGIN, attempt.client.address, attempt.account)
        _note_failure(runtime, attempt)
        raise Unauthorized(WRONG)
    rate_limits.succeeded(runtime, LOGIN, attempt.client.address, attempt.account)
    standing = principals.standing(runtime, attempt.home, record.doc["id"])
    changed = standing.doc.get("password_hash") != record.doc.get("password_hash")
    # It was changed during the check, or only re-hashed with new parameters by the check itself.
    if changed and not _fits(runtime, standing.record, attempt.password):
        raise Unauthorized(WRONG)
    return principals.principal_of(standing.doc, standing.stamp), standing.record


def _fits(runtime: Runtime, record: Record[PrincipalDoc] | None, password: str) -> bool:
    if record is None or not record.doc["active"]:
        return passwords.waste_time(runtime.settings, password)
    if record.doc["id"] == ROOT_ID and runtime.settings.root_password:
        return passwords.equal(runtime.settings, runtime.settings.root_password, password)
    hashed = record.doc.get("password_hash")
    if not hashed:
        return passwords.waste_time(runtime.settings, password)
    if not passwords.matches(runtime.settings, hashed, password):
        return False
    _rehash(runtime, record, hashed, password)
    return True


def _rehash(runtime: Runtime, record: Record[PrincipalDoc], hashed: str, password: str) -> None:
    """Store the password's hash with the current parameters; sessions continue."""
    if not passwords.is_outdated(runtime.settings, hashed):
        return
    fresh = passwords.hash_password(runtime.settings, password)
    doc: PrincipalDoc = record.doc | {"password_hash": fresh}
    try:
        runtime.store.apply(Put(PRINCIPAL, doc, record.version))
    except Conflict:
        # The user was changed in the meantime; the next login tries again.
        return


def _note_failure(runtime: Runtime, attempt: Attempt) -> None:
    # A tenant that does not exist has no log of its own.
    known = attempt.home and not attempt.home.startswith(principals.NOWHERE)
    who = Principal("", attempt.username, "", attempt.home if known else DEFAULT_TENANT)
    actor = Actor(who, attempt.client)
    try:
        resource = Resource(USER, (attempt.username,))
        trail.record_outside(
            runtime,
            actor,
            AuditEvent(AuditAction.LOGIN_FAILED, resource, result="failure", error=WRONG),
        )
    except PangolinError:
        trail.count_lost()


def note_login(runtime: Runtime, record: Record[PrincipalDoc], now: int) -> PrincipalDoc:
    """Record the time of a user's last sign-in; return the user's document."""
    doc: PrincipalDoc = {**record.doc, "last_login_ms": now}
    try:
        runtime.store.apply(Put(PRINCIPAL, doc, record.version))
    except Conflict:
        # The user was changed in the meantime; the time of a login is not worth a retry.
        return record.doc
    return doc
