"""Names that a credential carries: its session's, its tags', and the external id of a role."""

import json
import re
from hashlib import sha256
from typing import Final

from pangolin.plugin import Grant, Warehouse

MAX_SESSION_NAME: Final = 64
MAX_TAG: Final = 256
_NOT_OF_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]", re.ASCII)
_NOT_OF_TAGS = re.compile(r"[^A-Za-z0-9 _.:/=+@-]", re.ASCII)


def session_name(grant: Grant) -> str:
    """Return the name of a principal's session, as Amazon's access log shows it.

    Two principals with similar names differ in the digits of the hash.
    """
    digits = _digest(grant.warehouse.tenant, grant.principal)[:12]
    readable = _NOT_OF_NAMES.sub("_", grant.principal_name)
    return f"ice-{digits}-{readable}"[:MAX_SESSION_NAME]


def session_tags(grant: Grant) -> dict[str, str]:
    """Return the tags of a session: tenant, warehouse, and the principal's id and name."""
    tags = {
        "pangolin-tenant": grant.warehouse.tenant,
        "pangolin-warehouse": grant.warehouse.name,
        "pangolin-principal": grant.principal,
        "pangolin-principal-name": grant.principal_name,
    }
    return {name: _NOT_OF_TAGS.sub("_", value)[:MAX_TAG] for name, value in tags.items()}


def external_id(warehouse: Warehouse) -> str:
    """Return the external id of a warehouse: one that no other has and nobody can choose.

    It follows from the ids of tenant and warehouse, which the server generates, so that a role
    keeps working when the warehouse is renamed or changed.
    """
    return f"pangolin-{_digest('external id', warehouse.tenant, warehouse.id)[:32]}"


def _digest(*parts: str) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()
