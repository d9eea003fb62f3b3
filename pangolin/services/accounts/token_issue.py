"""Tokens issued without a sign-in: by an admin for a user, or in place of another token."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pangolin.errors import BadRequest, Conflicting, NotFound, Unauthorized
from pangolin.interfaces.authentication import ROLES, ROOT, TENANT_ADMIN, TENANT_USER, Principal
from pangolin.services.accounts import account
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import principals, tokens
from pangolin.services.authn.principals import USER, Standing
from pangolin.services.authn.tokens import Issued, Terms
from pangolin.services.authz.access import require
from pangolin.services.changes import batch
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.services.tenants import selection
from pangolin.store.api import Conflict, Delete
from pangolin.store.kinds import TOKEN

ISSUED: Final = "issued"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DEFAULT_HOURS: Final = 24
# Older clients spell the roles differently.
SPELLINGS: Final = {
    "Root": ROOT,
    "root": ROOT,
    "Admin": TENANT_ADMIN,
    "admin": TENANT_ADMIN,
    "TenantAdmin": TENANT_ADMIN,
    "tenant-admin": TENANT_ADMIN,
    "TenantUser": TENANT_USER,
    "tenant-user": TENANT_USER,
    "user": TENANT_USER,
}


def mint(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Issue a token for the caller or, with `username`, for a user of the tenant `tenant_id`.

    `roles` (only the first is used) may lower its role; it is valid for `expires_in_hours`. A token
    that root issues for itself has the role tenant-admin in that tenant unless `roles` is root.
    Raises `BadRequest`, `Denied`, `NoSuchTenant`, `NotFound`, and `Conflicting` for an inactive
    user.
    """
    within = selection.within(ctx, fields["tenant_id"])
    require(within, "create", Resource("token"))
    asked = _role(fields.get("roles") or ())
    subject = _subject(within, fields.get("username"))
    terms = Terms(
        expires_at_ms=ctx.now() + (fields.get("expires_in_hours") or DEFAULT_HOURS) * HOUR_MS,
        auth_time_ms=_auth_time(ctx) or ctx.now(),
        use=ISSUED,
        role=_granted(within, subject, asked),
        tenant=within.tenant,
        api_key=_key_of(ctx, subject),
    )
    issued, changes = tokens.prepare(ctx.runtime, subject, terms)
    what = Resource("token", (issued.jti,))
    batch.apply(
        within,
        changes,
        AuditEvent(AuditAction.GENERATE_TOKEN, what, after=issued.record),
        store=within.unscoped,
    )
    return _to_json(issued, within.tenant)


def _key_of(ctx: Context, subject: Principal) -> str | None:
    """Return the API key whose holder issues a token for itself: the token ends with the key."""
    key = ctx.principal.claims.get("api_key")
    return str(key) if key and subject.id == ctx.principal.id else None


def rotate(ctx: Context) -> Json:
    """Replace the request's token with a new one for the same principal, and revoke the old one.

    Raises `BadRequest` if there is none, and `Unauthorized` when a new sign-in is required.
    """
    jti = ctx.principal.token
    if jti is None:
        raise BadRequest("Authorization must carry the bearer token to rotate")
    record = ctx.runtime.store.get(TOKEN, (principals.home_of(ctx.principal), jti))
    if record is None:
        raise Unauthorized(tokens.REVOKED)
    old = record.doc
    end = _renewal_end(ctx, old["auth_time_ms"])
    terms = Terms(
        expires_at_ms=min(end, ctx.now() + ctx.settings.session_hours * HOUR_MS),
        auth_time_ms=old["auth_time_ms"],
        use=old["use"],
        role=ctx.principal.role,
        tenant=old["within"],
        api_key=old.get("api_key"),
    )
    issued, changes = tokens.prepare(ctx.runtime, ctx.principal, terms)
    # If two requests rotate one token at once, the second finds it revoked.
    changes += [Delete(TOKEN, TOKEN.key_of(old), record.version), tokens.revoking(old)[-1]]
    try:
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.ROTATE_TOKEN, Resource("token", (jti,))),
            store=ctx.unscoped,
        )
    except Conflict:
        raise Unauthorized(tokens.REVOKED) from None
    return _to_json(issued, old["within"])


def _role(roles: Sequence[str]) -> str | None:
    if not roles:
        return None
    if roles[0] not in SPELLINGS:
        raise BadRequest(f"roles must be one of {', '.join(SPELLINGS)}, not {roles[0][:80]!r}")
    return SPELLINGS[roles[0]]


def _subject(within: Context, username: str | None) -> Principal:
    if username is None:
        return _self(within)
    record = principals.find_named(within.runtime, within.tenant, USER, username)
    if record is None:
        raise NotFound(f"User does not exist: {username}")
    try:
        found = principals.standing(within.runtime, within.tenant, record.doc["id"])
    except Unauthorized as error:
        raise Conflicting(f"username: {error.message}") from None
    return _principal(found)


def _self(within: Context) -> Principal:
    asking = within.principal
    home = principals.home_of(asking)
    try:
        found = principals.standing(within.runtime, home, asking.id)
    except Unauthorized:
        raise BadRequest("username must name a user: the caller has no record here") from None
    return replace(_principal(found), roles=asking.roles, actor=asking.actor)


def _principal(found: Standing) -> Principal:
    return principals.principal_of(found.doc, found.stamp)


def _granted(within: Context, subject: Principal, asked: str | None) -> str:
    most = principals.lesser(subject.role, within.principal.role)
    if asked is None:
        # A tenant is named, so a token that root issues for itself is for that tenant alone.
        return principals.lesser(most, TENANT_ADMIN)
    account.require_reach(within, "give", Resource("role", (asked,)), asked)
    if ROLES.index(asked) > ROLES.index(most):
        raise BadRequest(f"roles must not contain {asked}: {subject.name} is {subject.role}")
    return asked


def _auth_time(ctx: Context) -> int | None:
    """Return the time of the sign-in behind a token, so that no chain of tokens renews itself."""
    found = ctx.principal.claims.get("auth_time_ms")
    if not isinstance(found, int):
        return None
    _renewal_end(ctx, found)
    return found


def _renewal_end(ctx: Context, auth_time_ms: int) -> int:
    end = auth_time_ms + ctx.settings.renewal_days * DAY_MS
    if end <= ctx.now():
        raise Unauthorized("the sign-in behind this token is too old: sign in again")
    return end


def _to_json(issued: Issued, tenant: str | None) -> Json:
    end = rfc3339(issued.expires_at_ms)
    return {"token": issued.token, "expires_at": end, "tenant_id": tenant}
