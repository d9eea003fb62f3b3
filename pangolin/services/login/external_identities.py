"""People whom an identity provider vouches for, and their users in Pangolin.

A person is identified by the provider's name and its id for them, never by a name or an address.
An address is used only once, to find the user who has it, and only if the provider has verified it
and the operator trusts the provider with its domain.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

from pangolin.errors import Unauthorized, Unavailable
from pangolin.interfaces.authentication import ROOT, TENANT_USER, ExternalIdentity, Principal
from pangolin.services.audit import trail
from pangolin.services.audit.records import Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import principals, security_stamps
from pangolin.services.authn.principals import USER
from pangolin.services.context.context import UNKNOWN_CLIENT, ClientInfo
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import ABSENT, Change, Conflict, Expected, Put, Record, Require
from pangolin.store.identity_documents import ExternalIdentityDoc, PrincipalDoc
from pangolin.store.kinds import EXTERNAL_IDENTITY, PRINCIPAL, ROLE, TENANT

KIND = "external"
TRIES = 8
# How many users with one address are read; two are already too many.
MOST_SHARING = 10
LONGEST_NAME = 100
UNFIT = re.compile(r"[\s/]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """A user to link: its document, the change to apply with the link, and the audit action."""

    doc: PrincipalDoc
    change: Put[PrincipalDoc]
    action: AuditAction


def admit(
    runtime: Runtime,
    identity: ExternalIdentity,
    expires_at_ms: int,
    client: ClientInfo = UNKNOWN_CLIENT,
) -> Principal:
    """Return the principal of a person; link or create their user the first time.

    The roles mapped to the person's groups apply to this credential only. Raises `Unauthorized`
    with what an administrator can do about it.
    """
    home = principals.find_home(runtime, identity.tenant)
    if home is None:
        raise _refused(identity, f"its tenant {identity.tenant!r} does not exist")
    user = _settled(runtime, home, identity, client)
    place = (identity.provider, identity.subject)
    # Read again, after the stamp: a link that was removed in between must not be cached.
    found = principals.standing(runtime, home, user, [(EXTERNAL_IDENTITY, place)])
    link: Record[ExternalIdentityDoc] | None = found.others[0]
    if link is None or link.doc["principal"] != user:
        raise _refused(identity, "the link to the user was removed")
    roles = tuple(_roles(runtime, home, identity))
    claims = {"expires_at_ms": expires_at_ms, "auth_time_ms": runtime.clock()}
    principal = principals.principal_of(found.doc, found.stamp)
    return replace(principal, roles=roles, claims=claims)


def _settled(runtime: Runtime, home: str, identity: ExternalIdentity, client: ClientInfo) -> str:
    """Return the id of the person's user, and create the link if there is none."""
    for _ in range(TRIES):
        known = runtime.store.get(EXTERNAL_IDENTITY, (identity.provider, identity.subject))
        if known is None or _is_dead(runtime, known):
            try:
                return _link(runtime, home, identity, client, known.version if known else ABSENT)
            except Conflict:
                # Another server was first, or the user was changed: read it again.
                continue
        if known.doc["tenant"] != home:
            raise _refused(identity, "the person belongs to another tenant; remove that user first")
        return str(known.doc["principal"])
    raise Unavailable("the user is being changed by other requests; try again")


def _is_dead(runtime: Runtime, link: Record[ExternalIdentityDoc]) -> bool:
    """Return whether a link is dangling because its user was deleted with a whole tenant."""
    return runtime.store.get(PRINCIPAL, (link.doc["tenant"], link.doc["principal"])) is None


def _link(
    runtime: Runtime, home: str, identity: ExternalIdentity, client: ClientInfo, expect: Expected
) -> str:
    found = _existing(runtime, home, identity) or _new(runtime, home, identity)
    link: ExternalIdentityDoc = {
        "provider": identity.provider,
        "subject": identity.subject,
        "tenant": home,
        "principal": found.doc["id"],
        "linked_at_ms": runtime.clock(),
    }
    batch: list[Change] = [
        Put(EXTERNAL_IDENTITY, link, expect),
        Require(TENANT, (home,)),
        found.change,
        security_stamps.invalidate(home, found.doc["id"]),
    ]
    doc = found.doc
    actor = Actor(Principal(doc["id"], doc["name"], doc["role"], home), client)
    details = {"provider": identity.provider, "subject": identity.subject}
    resource = Resource(USER, (doc["name"],))
    with trail.recording(
        runtime, actor, AuditEvent(found.action, resource, details=details)
    ) as records:
        runtime.store.apply(*batch, *records)
    return str(doc["id"])


def _existing(runtime: Runtime, home: str, identity: ExternalIdentity) -> Finding | None:
    """Return the one user to link by address; None if there is none, or it must not be linked."""
    sharing = list(_sharing(runtime, home, identity.email))
    active = [record for record in sharing if record.doc["active"]]
    if sharing and not active:
        # Otherwise a deactivated person would come back as a new user.
        raise _refused(identity, principals.NOT_ACTIVE)
    if not active or not _is_trusted(identity):
        return None
    if len(active) > 1:
        raise _refused(identity, "several users have the e-mail address; leave it to one of them")
    record = active[0]
    if record.doc.get("email_own"):
        # Otherwise anyone could claim an address and wait for its owner to sign in.
        raise _refused(identity, "a user chose that e-mail address; have an administrator set it")
    if record.doc["role"] == ROOT or _is_linked(runtime, home, record.doc["id"], identity):
        raise _refused(identity, "the user with that e-mail address is somebody else")
    doc: PrincipalDoc = record.doc | {
        "provider": identity.provider,
        "updated_at_ms": runtime.clock(),
    }
    return Finding(doc, Put(PRINCIPAL, doc, record.version), AuditAction.UPDATE_USER)


def _sharing(runtime: Runtime, home: str, email: str | None) -> Iterator[Record[PrincipalDoc]]:
    if email:
        key = (home, principals.mail_key(email))
        page = runtime.store.page(PRINCIPAL, key, index="email", limit=MOST_SHARING)
        yield from (record for record in page.records if record.doc["type"] == USER)


def _is_linked(runtime: Runtime, home: str, user: str, identity: ExternalIdentity) -> bool:
    """Return whether a user is another person of the same provider: addresses change hands.

    A link of this same person was just created by another server and is no reason to refuse:
    creating it again is a `Conflict`, and the next try finds it.
    """
    links = runtime.store.scan(EXTERNAL_IDENTITY, (home, user), index="principal")
    return any(
        link.doc["provider"] == identity.provider and link.doc["subject"] != identity.subject
        for link in links
    )


def _new(runtime: Runtime, home: str, identity: ExternalIdentity) -> Finding:
    if not identity.creates:
        raise _refused(
            identity,
            "the person has no user here; create one with a verified e-mail address of an allowed "
            "domain, or set create_users for the provider",
        )
    if identity.domains and not _is_trusted(identity):
        raise _refused(identity, "the person has no verified e-mail address of an allowed domain")
    # An unverified address would later be matched as if it were theirs.
    mail = principals.mail_fields(identity.email if identity.email_verified else None)
    doc: PrincipalDoc = {
        "tenant": home,
        "id": str(uuid4()),
        "type": USER,
        "name": _free_name(runtime, home, identity.name),
        "email": mail["email"],
        "email_given": mail["email_given"],
        "role": TENANT_USER,
        "password_hash": None,
        "active": True,
        "provider": identity.provider,
        "created_at_ms": runtime.clock(),
        "last_login_ms": None,
    }
    return Finding(doc, Put(PRINCIPAL, doc, ABSENT), AuditAction.CREATE_USER)


def _is_trusted(identity: ExternalIdentity) -> bool:
    """Return whether the person's address is verified and of a domain allowed for the provider."""
    if not identity.email or not identity.email_verified:
        return False
    local, at, domain = identity.email.rpartition("@")
    return bool(local and at) and "@" not in local and domain.lower() in identity.domains


def _free_name(runtime: Runtime, home: str, wanted: str) -> str:
    plain = "".join(char for char in UNFIT.sub("-", wanted.strip()) if char.isprintable())
    name = plain.strip("-.")[:LONGEST_NAME] or "user"
    for candidate in (name, *(f"{name}-{number}" for number in range(2, 10))):
        if principals.find_named(runtime, home, USER, candidate) is None:
            return candidate
    return f"{name}-{uuid4().hex[:12]}"


def _roles(runtime: Runtime, home: str, identity: ExternalIdentity) -> Iterator[str]:
    """List the ids of the roles mapped to the person's groups; unknown ones are left out."""
    names = dict.fromkeys(identity.roles[g] for g in identity.groups if g in identity.roles)
    for name in names:
        record = runtime.store.find(ROLE, "name", (home, name))
        if record is not None:
            yield record.doc["id"]


def _refused(identity: ExternalIdentity, why: str) -> Unauthorized:
    return Unauthorized(f"sign-in by {identity.provider} is refused: {why}")
