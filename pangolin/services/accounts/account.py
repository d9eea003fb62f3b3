"""What users and service users have in common: names, roles and the end of their tokens."""

import re
from collections.abc import Mapping
from typing import Final

from pangolin.errors import AlreadyExists, BadRequest, NotFound
from pangolin.interfaces.authentication import ROLES, ROOT
from pangolin.services.authn import security_stamps
from pangolin.services.authn.principals import USER
from pangolin.services.authz.access import denial
from pangolin.services.authz.actions import Deed
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource, ResourceType
from pangolin.store.api import Change, Delete, Record
from pangolin.store.identity_documents import PrincipalDoc, PrincipalType, TokenDoc
from pangolin.store.kinds import PRINCIPAL, TOKEN

MOST_CHARACTERS: Final = 255
MOST_MAIL: Final = 320
MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
# How many records that belong to a principal are in one batch with it; the rest follow.
BOUND: Final = 200
TYPES: Final = {"user": "User", "service": "Service user"}
RESOURCES: Final[Mapping[PrincipalType, ResourceType]] = {"user": "user", "service": "service_user"}


def check_name(name: str, field: str) -> None:
    """Raise `BadRequest` unless the name is legal for a user or service user."""
    if not 1 <= len(name) <= MOST_CHARACTERS:
        raise BadRequest(f"{field} must be 1 to {MOST_CHARACTERS} characters, not {len(name)}")
    if not name.isprintable() or "/" in name or name != name.strip():
        raise BadRequest(
            f"{field} must not contain '/' or control characters, or begin or end with a space, "
            f"not {name[:80]!r}"
        )


def check_mail(email: str) -> None:
    """Raise `BadRequest` for text that cannot be an e-mail address."""
    if len(email) > MOST_MAIL or not MAIL.fullmatch(email) or not email.isprintable():
        raise BadRequest(f"email must be an address such as ann@example.com, not {email[:80]!r}")


def check_role(ctx: Context, role: str) -> None:
    """Raise `BadRequest` for the role root, and `Denied` for a role above the caller's."""
    if role == ROOT:
        raise BadRequest("role must not be root: there is one root user, created at first start")
    require_reach(ctx, "give", Resource("role", (role,)), role)


def require_reach(ctx: Context, action: Deed, resource: Resource, role: str) -> None:
    """Raise `Denied` if a role is above the role of the request."""
    if ROLES.index(role) > ROLES.index(ctx.principal.role):
        raise denial(ctx, action, resource)


def refuse_taken(ctx: Context, type_: str, name: str) -> None:
    """Raise `AlreadyExists` if the tenant has a principal of the type and name."""
    if ctx.store.find(PRINCIPAL, "name", (type_, name)) is not None:
        raise AlreadyExists(f"{TYPES[type_]} already exists: {name}")


def find(ctx: Context, home: str, id_: str, type_: str = USER) -> Record[PrincipalDoc]:
    """Return the record of a user or service user; raise `NotFound`, also for the other type."""
    ctx.confirm()
    record = ctx.runtime.store.get(PRINCIPAL, (home, id_))
    if record is None or record.doc["type"] != type_:
        raise NotFound(f"{TYPES[type_]} does not exist: {id_}")
    return record


def tokens_of(ctx: Context, doc: PrincipalDoc) -> list[Record[TokenDoc]]:
    """Return the tokens of a principal that are in one batch with it."""
    prefix = (doc["tenant"], doc["id"])
    return list(ctx.runtime.store.page(TOKEN, prefix, index="principal", limit=BOUND).records)


def ended(
    ctx: Context, doc: PrincipalDoc, kept: str | None = None
) -> tuple[PrincipalDoc, list[Change]]:
    """Return a principal whose tokens have ended except one, and the changes to apply with it.

    Tokens issued before this moment are invalid, whether their records are deleted or not.
    """
    fresh: PrincipalDoc = doc | {"tokens_from_ms": ctx.now() + 1, "token_kept": kept}
    gone = [record.doc["jti"] for record in tokens_of(ctx, doc) if record.doc["jti"] != kept]
    home = doc["tenant"]
    batch: list[Change] = [Delete(TOKEN, (home, jti)) for jti in gone]
    return fresh, [*batch, security_stamps.invalidate(home, doc["id"])]


def resource(doc: PrincipalDoc) -> Resource:
    """Name a user or service user for access decisions and events."""
    return Resource(RESOURCES[doc["type"]], (doc["name"],))
