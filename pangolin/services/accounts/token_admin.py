"""Management of tokens by their owners and admins: list them, revoke one or all of them."""

from pangolin.errors import BadRequest, NotFound
from pangolin.interfaces.authentication import ROOT
from pangolin.services.accounts import account, users
from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import principals, tokens
from pangolin.services.authz.access import require
from pangolin.services.changes import batch
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.store.api import Delete, Put, Record
from pangolin.store.identity_documents import PrincipalDoc, TokenDoc
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME, TOKEN


def page(
    ctx: Context, owner: str, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List the caller's tokens or, for admins, those of a user or service user of the tenant.

    Raises `NotFound`.
    """
    if not users.is_self(ctx, owner):
        require(ctx, "list", Resource("token"))
    doc = _find(ctx, owner).doc
    prefix = (doc["tenant"], owner)
    beyond = None if after is None else (after,)
    store = ctx.runtime.store
    found = store.page(TOKEN, prefix, index="principal", after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    return [_to_json(ctx, doc, record.doc) for record in found.records], more


def own(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List the caller's tokens."""
    if _kept(ctx) is None:
        return [], None
    return page(ctx, ctx.principal.id, limit=limit, after=after)


def revoke_own(ctx: Context, reason: str | None) -> None:
    """Revoke the token that the request carries; raise `BadRequest` if it carries none."""
    jti = ctx.principal.token
    if jti is None:
        raise BadRequest("Authorization must carry the bearer token to revoke")
    found = ctx.runtime.store.get(TOKEN, (principals.home_of(ctx.principal), jti))
    _revoke(ctx, jti, found, reason)


def revoke(ctx: Context, jti: str, reason: str | None = None) -> None:
    """Revoke a token of the tenant by its id; root may also revoke its own tokens.

    Raises `Denied` and `NotFound`.
    """
    require(ctx, "delete", Resource("token", (jti,)))
    ctx.confirm()
    found = [ctx.runtime.store.get(TOKEN, (home, jti)) for home in _homes(ctx)]
    record = next((each for each in found if each is not None), None)
    if record is None:
        raise NotFound(f"Token does not exist: {jti}")
    _revoke(ctx, jti, record, reason)


def revoke_all(ctx: Context, owner: str) -> None:
    """End all tokens of the caller or, for admins, of a user or service user of the tenant.

    Raises `Denied` and `NotFound`.
    """
    if not users.is_self(ctx, owner):
        require(ctx, "delete", Resource("token"))

    def attempt() -> None:
        record = _find(ctx, owner)
        what = account.resource(record.doc)
        account.require_reach(ctx, "revoke the tokens of", what, record.doc["role"])
        doc, changes = account.ended(ctx, record.doc)
        changes.append(Put(PRINCIPAL, doc, record.version))
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.REVOKE_TOKEN, what, details={"all": True}),
            store=ctx.unscoped,
        )

    retry_conflicts(ctx, "revoke all tokens", attempt)


def clean_up(ctx: Context) -> int:
    """Remove the tenant's expired tokens; return their number."""
    require(ctx, "delete", Resource("token"))
    ctx.confirm()
    expired = [
        Delete(TOKEN, TOKEN.key_of(record.doc))
        for home in _homes(ctx)
        for record in ctx.runtime.store.scan(TOKEN, (home,))
        if record.doc["expires_at_ms"] <= ctx.now()
    ]
    for first in range(0, len(expired), account.BOUND):
        ctx.runtime.store.apply(*expired[first : first + account.BOUND])
    trail.record(
        ctx,
        AuditEvent(AuditAction.CLEANUP_TOKENS, Resource("token"), details={"count": len(expired)}),
    )
    return len(expired)


def _homes(ctx: Context) -> list[str]:
    """List the homes of the tokens that the principal may manage: root's own are in no tenant."""
    return [ctx.tenant, *([ROOT_HOME] if ctx.principal.role == ROOT else ())]


def _revoke(ctx: Context, jti: str, record: Record[TokenDoc] | None, reason: str | None) -> None:
    changes = [] if record is None else tokens.revoking(record.doc)
    details = {"reason": reason} if reason else None
    what = Resource("token", (jti,))
    batch.apply(
        ctx,
        changes,
        AuditEvent(AuditAction.REVOKE_TOKEN, what, details=details),
        store=ctx.unscoped,
    )


def _kept(ctx: Context) -> Record[PrincipalDoc] | None:
    key = (principals.home_of(ctx.principal), ctx.principal.id)
    return ctx.runtime.store.get(PRINCIPAL, key)


def _find(ctx: Context, owner: str) -> Record[PrincipalDoc]:
    ctx.confirm()
    key = (users.home_of(ctx, owner), owner)
    record = ctx.runtime.store.get(PRINCIPAL, key)
    if record is None:
        raise NotFound(f"User does not exist: {owner}")
    return record


def _to_json(ctx: Context, owner: PrincipalDoc, token: TokenDoc) -> Json:
    expired = token["expires_at_ms"] <= ctx.now()
    return {
        "id": token["jti"],
        "tenant_id": token["within"],
        "user_id": owner["id"],
        "username": owner["name"],
        "use": token["use"],
        "created_at": rfc3339(token["created_at_ms"]),
        "expires_at": rfc3339(token["expires_at_ms"]),
        "is_valid": owner["active"] and not expired and not tokens.is_ended(owner, token),
    }
