"""Records of users and service users, and the principals they represent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pangolin.errors import Unauthorized
from pangolin.interfaces.authentication import ROLES, TENANT_ADMIN, TENANT_USER, Principal, Stamped
from pangolin.services.authn import security_stamps
from pangolin.services.context.runtime import Part, Runtime
from pangolin.store.api import Key, Kind, Record
from pangolin.store.documents import TenantDoc
from pangolin.store.identity_documents import MailFields, PrincipalDoc
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME, STAMP, TENANT
from pangolin.store.lru import Lru

USER: Final = "user"
SERVICE: Final = "service"
# The prefix of the home of a tenant that does not exist.
NOWHERE = "?"
NOT_ACTIVE = "the user is not active"
# Ids of tenants, by the ids and names they were looked up with.
HOMES: Final = Part(lambda runtime: Lru[str, str]())


@dataclass(frozen=True, slots=True)
class Standing:
    """A principal that may sign in: its stamp, read first, its record, and others read with it."""

    stamp: Stamped
    record: Record[PrincipalDoc]
    others: Sequence[Record | None]

    @property
    def doc(self) -> PrincipalDoc:
        """The principal's document."""
        return self.record.doc


def standing(
    runtime: Runtime, home: str, principal: str, wanted: Sequence[tuple[Kind, Key]] = ()
) -> Standing:
    """Read a principal and a credential's other records; raise `Unauthorized` if it is not active.

    The stamp is read first, so that everything read after it is at least as new.
    """
    stamp = read_stamp(runtime, home, principal)
    user, tenant, *others = runtime.store.get_many(
        [(PRINCIPAL, (home, principal)), (TENANT, (home,)), *wanted]
    )
    if user is None or (tenant is None and home != ROOT_HOME) or not user.doc["active"]:
        raise Unauthorized(NOT_ACTIVE)
    expires = user.doc.get("expires_at_ms")
    if expires is not None and expires <= runtime.clock():
        raise Unauthorized("the service user has expired")
    return Standing(stamp, user, others)


def read_stamp(runtime: Runtime, home: str, principal: str) -> Stamped:
    """Return the stamp of a principal."""
    key = security_stamps.key_of(home, principal)
    record = runtime.store.get(STAMP, key)
    return Stamped(key, record.version if record else None)


def find_named(runtime: Runtime, home: str, type_: str, name: str) -> Record[PrincipalDoc] | None:
    """Return the principal of a type with a name, or None."""
    return runtime.store.find(PRINCIPAL, "name", (home, type_, name))


def principal_of(doc: PrincipalDoc, stamp: Stamped) -> Principal:
    """Return the principal that a record represents."""
    home = doc["tenant"]
    return Principal(
        id=doc["id"],
        name=doc["name"],
        role=doc["role"],
        tenant=None if home == ROOT_HOME else home,
        type=doc["type"],
        home=home,
        stamp=stamp,
    )


def home_of(principal: Principal) -> str:
    """Return the tenant that holds a principal's record; a token of root may name another one."""
    return principal.home if principal.home is not None else principal.tenant or ROOT_HOME


def mail_key(email: str) -> str:
    """Return an e-mail address in the form that is looked up."""
    return email.casefold()


def mail_fields(email: str | None) -> MailFields:
    """Return the members that store an e-mail address: normalised for lookup, and as given."""
    return {"email": None if email is None else mail_key(email), "email_given": email}


def mail_of(doc: PrincipalDoc) -> str | None:
    """Return the e-mail address of a principal as it was given."""
    return doc.get("email_given") or doc.get("email")


def lesser(role: str, cap: str | None) -> str:
    """Return the lesser of a role and a cap."""
    return role if cap is None else min(role, cap, key=ROLES.index)


def confined(principal: Principal, tenant: str | None, cap: str | None) -> tuple[str, str | None]:
    """Return the role and tenant of a token: root may be confined to one tenant."""
    role = lesser(principal.role, cap)
    if principal.tenant is None and role in (TENANT_ADMIN, TENANT_USER):
        return role, tenant
    return role, principal.tenant


def split_name(runtime: Runtime, text: str) -> tuple[str, str]:
    """Split `tenant/name` (the tenant by id or name) into home and name; root has no tenant.

    For a tenant that does not exist, the home is a text that no tenant has as its id.
    """
    tenant, slash, name = text.partition("/")
    if not slash:
        return ROOT_HOME, text
    return home_named(runtime, tenant), name


def home_named(runtime: Runtime, tenant: str) -> str:
    """Return a tenant's id by its id or name, or a home that no principal has if there is none."""
    return find_home(runtime, tenant) or f"{NOWHERE}{tenant}"


def find_home(runtime: Runtime, tenant: str) -> str | None:
    """Return a tenant's id by its id or name, and cache it; None if there is no such tenant."""
    known = runtime.part(HOMES).get(tenant)
    record = runtime.store.get(TENANT, (known or tenant.lower(),))
    if record is None or not _is_called(record.doc, tenant):
        # It was renamed since, or the text is not an id.
        record = runtime.store.find(TENANT, "name", (tenant,))
    if record is None:
        return None
    runtime.part(HOMES).put(tenant, record.doc["tenant"])
    return str(record.doc["tenant"])


def _is_called(tenant: TenantDoc, named: str) -> bool:
    return bool(named == tenant["name"] or named.lower() == tenant["tenant"])
