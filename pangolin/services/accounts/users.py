"""Users: people who sign in with a password or through an identity provider."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast
from uuid import uuid4

from pangolin.errors import BadRequest, Forbidden
from pangolin.services.accounts import account, removal
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import passwords, principals, rate_limits, security_stamps
from pangolin.services.authn.principals import USER
from pangolin.services.authz.access import require
from pangolin.services.changes import batch, guards
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.services.context.well_known import ROOT_ID
from pangolin.services.login import password_login
from pangolin.services.tenants import selection
from pangolin.store.api import ABSENT, Change, Put
from pangolin.store.identity_documents import PrincipalDoc
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME

# Fields of their own that users may not change.
ADMINS_ONLY = ("active", "role")


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a user from `username`, `email`, `role`, and optional `password` and `tenant_id`.

    Without a password the user can sign in only through an identity provider. Raises `BadRequest`
    naming a field, `Denied`, `NoSuchTenant` and `AlreadyExists`.
    """
    within = selection.within(ctx, fields.get("tenant_id"))
    name, email, role = fields["username"], fields["email"], fields["role"]
    require(within, "create", resource(name))
    account.check_name(name, "username")
    account.check_mail(email)
    account.check_role(within, role)
    doc = new(within, name, email, role)
    doc["password_hash"] = _hashed(within, fields, name, email)

    def attempt() -> Json:
        account.refuse_taken(within, USER, name)
        changes = [guards.hold(within), Put(PRINCIPAL, doc, ABSENT)]
        batch.apply(within, changes, AuditEvent(AuditAction.CREATE_USER, resource(name), after=doc))
        return to_json(doc)

    return retry_conflicts(within, "create user", attempt)


def new(ctx: Context, name: str, email: str | None, role: str) -> PrincipalDoc:
    """Return the record of a new user, who has no password."""
    mail = principals.mail_fields(email)
    return {
        "tenant": ctx.tenant,
        "id": str(uuid4()),
        "type": USER,
        "name": name,
        "email": mail["email"],
        "email_given": mail["email_given"],
        "role": role,
        "password_hash": None,
        "active": True,
        "created_at_ms": ctx.now(),
        "last_login_ms": None,
    }


def page(
    ctx: Context, role: str | None = None, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List the tenant's users in name order, optionally those of one role only."""
    require(ctx, "list", Resource(USER))
    kept = (doc for doc in _all(ctx, after, limit) if role in (None, doc["role"]))
    docs = list(islice(kept, limit + 1))
    more = str(docs[limit - 1]["name"]) if len(docs) > limit else None
    return [to_json(doc) for doc in docs[:limit]], more


def get(ctx: Context, user: str) -> Json:
    """Return the caller or, for admins, a user of the tenant; raise `NotFound`."""
    if not is_self(ctx, user):
        require(ctx, "read", resource(user))
    return to_json(account.find(ctx, home_of(ctx, user), user).doc)


def update(ctx: Context, user: str, fields: Mapping[str, Any]) -> Json:
    """Change `email` or `password` of the caller or a user, and `active` or `role` of a user.

    A changed password and `active=false` end the user's tokens, except the request's own. Raises
    `BadRequest` naming a field, `Denied` and `NotFound`.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    _check_change(ctx, user, given)

    def attempt() -> Json:
        record = account.find(ctx, home_of(ctx, user), user)
        name = resource(record.doc["name"])
        account.require_reach(ctx, "update", name, record.doc["role"])
        doc, changes = _changed(ctx, record.doc, given)
        changes.append(Put(PRINCIPAL, doc, record.version))
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_USER, name, before=record.doc, after=doc),
            store=ctx.unscoped,
        )
        return to_json(doc)

    return retry_conflicts(ctx, "update user", attempt)


def delete(ctx: Context, user: str) -> None:
    """Delete a user of the tenant with all that belongs to it; raise `NotFound`."""
    require(ctx, "delete", resource(user))
    if is_self(ctx, user):
        raise BadRequest("id must not be your own: somebody else must delete this user")

    def attempt() -> None:
        record = account.find(ctx, ctx.tenant, user)
        removal.remove(ctx, AuditAction.DELETE_USER, resource(record.doc["name"]), record)

    retry_conflicts(ctx, "delete user", attempt)


def is_self(ctx: Context, user: str) -> bool:
    """Return whether a principal's id is the caller's."""
    return ctx.principal.id == user


def home_of(ctx: Context, user: str) -> str:
    """Return the tenant that holds a principal's record: the caller's own, or the request's."""
    return principals.home_of(ctx.principal) if is_self(ctx, user) else ctx.tenant


def to_json(doc: PrincipalDoc) -> Json:
    """Return a user as JSON, without its secrets."""
    home = doc.get("tenant")
    return {
        "id": doc["id"],
        "username": doc["name"],
        "email": principals.mail_of(doc),
        "tenant_id": None if home == ROOT_HOME else home,
        "role": doc["role"],
        "active": doc.get("active", True),
        "oauth_provider": doc.get("provider"),
        "created_at": rfc3339(doc.get("created_at_ms")),
        "last_login": rfc3339(doc.get("last_login_ms")),
    }


def resource(name: str) -> Resource:
    """Return a user as a resource for decisions and audit records."""
    return Resource(USER, (name,))


def _all(ctx: Context, after: str | None, limit: int) -> Iterator[PrincipalDoc]:
    beyond: tuple[Any, ...] | None = None if after is None else (after,)
    while True:
        found = ctx.store.page(PRINCIPAL, (USER,), index="name", after=beyond, limit=limit + 1)
        yield from (record.doc for record in found.records)
        if found.after is None:
            return
        beyond = found.after


def _check_change(ctx: Context, user: str, given: Mapping[str, Any]) -> None:
    forbidden = [name for name in ADMINS_ONLY if name in given]
    if forbidden or not is_self(ctx, user):
        require(ctx, "update", resource(user))
    if forbidden and is_self(ctx, user):
        raise BadRequest(f"{forbidden[0]} must be changed by somebody else")
    if "email" in given:
        account.check_mail(given["email"])
    if "role" in given:
        account.check_role(ctx, given["role"])
    if "password" in given:
        _check_password_change(ctx, user)


def _check_password_change(ctx: Context, user: str) -> None:
    if is_self(ctx, user) and ctx.principal.actor is not None:
        raise Forbidden("password must not be changed by somebody who acts for the user")
    if user == ROOT_ID and ctx.settings.root_password:
        raise BadRequest("password of root is set by PANGOLIN_ROOT_PASSWORD; change it there")


def _changed(
    ctx: Context, old: PrincipalDoc, given: Mapping[str, Any]
) -> tuple[PrincipalDoc, list[Change]]:
    changed = {name: given[name] for name in ADMINS_ONLY if name in given}
    doc = cast(PrincipalDoc, old | changed)
    if "email" in given:
        # An address that users set themselves proves nothing: see login.external_identities.
        mail, own = principals.mail_fields(given["email"]), is_self(ctx, doc["id"])
        doc |= {"email": mail["email"], "email_given": mail["email_given"], "email_own": own}
    if "password" in given:
        name, email = doc["name"], principals.mail_of(doc)
        doc |= {"password_hash": _hashed(ctx, given, name, email)}
        rate_limits.unlock(ctx.runtime, password_login.LOGIN, f"{doc['tenant']}/{name}")
    if "password" in given or given.get("active") is False:
        kept = ctx.principal.token if is_self(ctx, doc["id"]) else None
        return account.ended(ctx, doc, kept)
    raised = any(name in given for name in ADMINS_ONLY)
    return doc, [security_stamps.invalidate(doc["tenant"], doc["id"])] if raised else []


def _hashed(ctx: Context, fields: Mapping[str, Any], *names: str | None) -> str | None:
    password = fields.get("password")
    if password is None:
        return None
    passwords.check_policy(ctx.settings, password, *names)
    return passwords.hash_password(ctx.settings, password)
