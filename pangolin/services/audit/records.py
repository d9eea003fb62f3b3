"""The contents of an audit record."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from pangolin.interfaces.authentication import Principal
from pangolin.services.audit.chains import Head
from pangolin.services.audit.ids import new_id
from pangolin.services.audit.signatures import State, digest, signed
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import IN_CATALOG, REFS
from pangolin.services.context.context import UNKNOWN_CLIENT, ClientInfo
from pangolin.services.context.resource import Resource
from pangolin.services.versioned.resolution import split_prefix
from pangolin.store.identity_documents import AuditDoc

SUCCESS: Final = "success"
FAILURE: Final = "failure"
RESULTS: Final = (SUCCESS, FAILURE)
# Longer names would not fit into the indexes of every store.
LONGEST_NAME: Final = 512
LONGEST_TEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class Actor:
    """The principal that acts, its client, and the request."""

    principal: Principal
    client: ClientInfo = UNKNOWN_CLIENT


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event to record: an action on a resource, and its result."""

    action: AuditAction
    resource: Resource
    result: str = SUCCESS
    error: str | None = None
    before: State = None
    after: State = None
    details: Mapping[str, Any] | None = None


def chained(
    head: Head, tenant: str, actor: Actor, events: Iterable[AuditEvent], key: bytes, now_ms: int
) -> list[AuditDoc]:
    """Build the signed records that follow a head."""
    docs: list[AuditDoc] = []
    number, prev, who = head.number, head.mac, _who(actor)
    for event in events:
        number += 1
        place = {"tenant": tenant, "segment": head.segment, "number": number, "prev": prev}
        when = {"id": new_id(now_ms, number), "at_ms": now_ms}
        doc = cast(AuditDoc, signed({**place, **when, **who, **_what(event, key)}, key))
        docs.append(doc)
        prev = doc["mac"]
    return docs


def name_of(resource: Resource) -> str:
    """Return a resource's name for its record: without its ref, and cut if it is very long."""
    path = resource.path
    if path and resource.type in IN_CATALOG:
        path = (split_prefix(path[0])[0], *path[1:])
    return cut_name(".".join(path))


@lru_cache(maxsize=1024)
def cut_name(name: str) -> str:
    """Return a name unchanged or, if it is very long, its beginning and a digest of all of it."""
    name = clean(name)
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME // 2]}…{hashlib.sha256(name.encode()).hexdigest()}"


def ref_of(resource: Resource) -> str | None:
    """Return the name of the branch or tag that an action concerned, or that has its resource."""
    if not resource.path or resource.type not in IN_CATALOG:
        return None
    if resource.type in REFS:
        return clean(resource.path[-1])
    prefix = resource.path[0]
    if resource.type == "catalog" and "@" not in prefix:
        return None
    return clean(split_prefix(prefix)[1])


def clean(text: str) -> str:
    """Replace lone surrogates, which a request may contain but no store can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _who(actor: Actor) -> dict[str, Any]:
    principal = actor.principal
    return {
        "user_id": cut_name(principal.id) or None,
        "username": cut_name(principal.name),
        "principal_type": principal.type,
        "role": principal.role or None,
        "actor": cut_name(principal.actor) if principal.actor else None,
        "request_id": clean(actor.client.request_id)[:LONGEST_NAME] or None,
        "ip_address": clean(actor.client.address)[:LONGEST_NAME] or None,
        "user_agent": clean(actor.client.agent)[:LONGEST_NAME] or None,
    }


def _what(event: AuditEvent, key: bytes) -> dict[str, Any]:
    resource, state = event.resource, event.after or event.before
    error = event.error
    return {
        "action": str(event.action),
        "resource_type": resource.type,
        "resource_name": name_of(resource),
        "resource_id": _id(state),
        "ref": ref_of(resource),
        "result": event.result,
        "error_message": clean(error)[:LONGEST_TEXT] if error else None,
        "before": digest(event.before, key),
        "after": digest(event.after, key),
        "metadata": dict(event.details or {}) or None,
    }


def _id(state: State) -> str | None:
    if state is None or isinstance(state, str):
        return None
    found = state.get("id") or state.get("tenant")
    return found if isinstance(found, str) else None
