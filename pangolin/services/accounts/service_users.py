"""Service users: engines and scripts, which sign in with API keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pangolin.services.accounts import account, removal
from pangolin.services.accounts.account import Wire
from pangolin.services.authn import api_keys, security_stamps
from pangolin.services.authn.api_keys import MadeKey
from pangolin.services.authn.principals import SERVICE
from pangolin.services.authz.access import require
from pangolin.services.changes import batch, guards
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.context.times import rfc3339
from pangolin.store.api import ABSENT, Change, Doc, Put, Record
from pangolin.store.kinds import API_KEY, LAST_USED, PRINCIPAL

DAY_MS = 86_400_000
TYPE = "service_user"
CHANGEABLE = ("name", "description", "active")


def create(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Create a service user with its first key, which is shown this once.

    `fields` has `name`, `role`, and maybe `description` and `expires_in_days`: then the user ends
    with all its keys. Raises `BadRequest` naming a field, `Denied` and `AlreadyExists`.
    """
    scope, name = plain(scope), fields["name"]
    require(scope, "create", resource(name))
    account.check_name(name, "name")
    account.check_role(scope, fields["role"])
    doc = _new(scope, fields)
    made = _first_key(scope, doc)

    def attempt() -> Wire:
        account.refuse_taken(scope, SERVICE, name)
        puts = [Put(PRINCIPAL, doc, ABSENT), Put(API_KEY, made.record, ABSENT)]
        changes = [guards.hold(scope), *puts]
        batch.commit(scope, "create_service_user", resource(name), changes, after=doc)
        return key_wire(doc, made)

    return until_settled(scope, attempt, "create service user")


def page(
    scope: Scope, *, limit: int = 100, after: str | None = None
) -> tuple[list[Wire], str | None]:
    """List the tenant's service users in name order."""
    require(scope, "list", Resource(TYPE))
    beyond = None if after is None else (after,)
    found = scope.store.page(PRINCIPAL, (SERVICE,), index="name", after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    return _wires(scope, [record.doc for record in found.records]), more


def get(scope: Scope, service: str) -> Wire:
    """Read a service user; raise `NotFound`."""
    require(scope, "read", resource(service))
    return _wires(scope, [account.find(scope, scope.tenant, service, SERVICE).doc])[0]


def update(scope: Scope, service: str, fields: Mapping[str, Any]) -> None:
    """Change `name`, `description`, `active` or, from today on, `expires_in_days`.

    `active=false` refuses its keys and ends its tokens. Raises `BadRequest`, `NotFound` and
    `AlreadyExists`.
    """
    scope = plain(scope)
    require(scope, "update", resource(service))
    given = {name: value for name, value in fields.items() if value is not None}
    if "name" in given:
        account.check_name(given["name"], "name")

    def attempt() -> None:
        record = account.find(scope, scope.tenant, service, SERVICE)
        account.require_reach(scope, "update", resource(service), record.doc["role"])
        doc, changes = _changed(scope, record, given)
        changes.append(Put(PRINCIPAL, doc, record.version))
        what = resource(record.doc["name"])
        batch.commit_home(scope, "update_service_user", what, changes, record.doc, doc)

    until_settled(scope, attempt, "update service user")


def delete(scope: Scope, service: str) -> None:
    """Delete a service user with its keys and grants; raise `NotFound`."""
    require(scope, "delete", resource(service))

    def attempt() -> None:
        record = account.find(scope, scope.tenant, service, SERVICE)
        what = resource(record.doc["name"])
        removal.remove(scope, "delete_service_user", what, record)

    until_settled(scope, attempt, "delete service user")


def plain(scope: Scope) -> Scope:
    """Give the scope without its Idempotency-Key: a key is shown once and remembered nowhere."""
    return replace(scope, idempotency=None)


def end_of(scope: Scope, days: int | None) -> int | None:
    """Give the end of what lives for some days; None: it has none."""
    return None if days is None else scope.now() + days * DAY_MS


def key_end(owner: Doc, key: Doc) -> int | None:
    """Give the end of a key, which is its owner's if that comes first."""
    ends = [end for end in (owner["expires_at_ms"], key["expires_at_ms"]) if end is not None]
    return min(ends) if ends else None


def resource(name: str) -> Resource:
    """Name a service user for decisions and records."""
    return Resource(TYPE, (name,))


def key_wire(doc: Doc, made: MadeKey) -> Wire:
    """Show a service user with the key that was just made."""
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": doc["tenant"],
        "role": doc["role"],
        "api_key": made.text,
        "key_id": made.record["id"],
        "created_at": rfc3339(made.record["created_at_ms"]),
        "created_by": made.record["created_by"],
        "expires_at": rfc3339(key_end(doc, made.record)),
        "active": doc["active"],
    }


def _new(scope: Scope, fields: Mapping[str, Any]) -> Doc:
    return {
        "tenant": scope.tenant,
        "id": str(uuid4()),
        "type": SERVICE,
        "name": fields["name"],
        "description": fields.get("description"),
        "email": None,
        "role": fields["role"],
        "password_hash": None,
        "active": True,
        "created_at_ms": scope.now(),
        "created_by": scope.principal.id,
        "expires_at_ms": end_of(scope, fields.get("expires_in_days")),
        "last_login_ms": None,
    }


def _first_key(scope: Scope, doc: Doc) -> MadeKey:
    end, by = doc["expires_at_ms"], scope.principal.id
    return api_keys.make(scope.runtime, doc, created_by=by, expires_at_ms=end)


def _changed(scope: Scope, record: Record, given: Doc) -> tuple[Doc, list[Change]]:
    doc = record.doc | {name: given[name] for name in CHANGEABLE if name in given}
    if doc["name"] != record.doc["name"]:
        account.refuse_taken(scope, SERVICE, doc["name"])
    if "expires_in_days" in given:
        doc["expires_at_ms"] = end_of(scope, given["expires_in_days"])
    if given.get("active") is False:
        return account.ended(scope, doc)
    return doc, [security_stamps.raise_one(scope.tenant, doc["id"])]


def _wires(scope: Scope, docs: list[Doc]) -> list[Wire]:
    seen = scope.store.get_many([(LAST_USED, (doc["id"],)) for doc in docs])
    return [_wire(doc, used) for doc, used in zip(docs, seen, strict=True)]


def _wire(doc: Doc, used: Record | None) -> Wire:
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": doc["tenant"],
        "role": doc["role"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "created_by": doc["created_by"],
        "last_used": rfc3339(used.doc["at_ms"]) if used else None,
        "expires_at": rfc3339(doc["expires_at_ms"]),
        "active": doc["active"],
    }
