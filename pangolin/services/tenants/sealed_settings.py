"""The secret among a tenant's settings: the mail server's password, sealed and bound to its tenant.

The record keeps it under `secrets`, by its name.
"""

from typing import Final

from pangolin.services.context.runtime import Runtime
from pangolin.services.sealing import fields
from pangolin.services.sealing.keyring import Keyring
from pangolin.store.api import Doc
from pangolin.store.kinds import TENANT_SETTINGS

PASSWORD: Final = "smtp_password"  # noqa: S105 - a field's name
SECRETS: Final = "secrets"


def sealed(runtime: Runtime, doc: Doc, tenant: str) -> Doc:
    """Return a record whose plaintext password, if there is one, is sealed.

    Raises `BadRequest` if there is no key to seal with.
    """
    if not doc.get(PASSWORD):
        return {name: value for name, value in doc.items() if name != PASSWORD}
    rest = {name: value for name, value in doc.items() if name != PASSWORD}
    version = 1 + doc.get(SECRETS, {}).get(PASSWORD, {}).get("version", 0)
    entry = fields.literal(runtime, doc[PASSWORD], version, *_place(tenant))
    return rest | {SECRETS: {PASSWORD: entry}}


def password(runtime: Runtime, doc: Doc, tenant: str) -> str | None:
    """Return the password in plaintext; raise `SealBroken`."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    return fields.plain(runtime, kept, *_place(tenant)) if kept else None


def masked(doc: Doc) -> str | None:
    """Return the masked password; None if there is none."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    return str(kept["shown"]) if kept else None


def for_audit(doc: Doc) -> Doc:
    """Return a record in the form that the audit log hashes."""
    kept = doc.get(SECRETS, {})
    return doc | {SECRETS: {name: fields.for_audit(each) for name, each in kept.items()}}


def resealed(keyring: Keyring, doc: Doc) -> Doc:
    """Return a record whose password is sealed with the first key; raise `SealBroken`."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    if not kept:
        return doc
    place = _place(doc["tenant"])
    return doc | {SECRETS: {PASSWORD: fields.resealed(keyring, kept, *place)}}


def upgraded(runtime: Runtime, doc: Doc) -> Doc:
    """Convert a record of layout 2, which has the password in plaintext, to layout 3."""
    return sealed(runtime, doc, doc["tenant"]) if PASSWORD in doc else doc


def _place(tenant: str) -> tuple[str, ...]:
    return (TENANT_SETTINGS.name, tenant, PASSWORD)
