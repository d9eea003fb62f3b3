"""The secret among a tenant's settings: the mail server's password, sealed and bound to its tenant.

The record keeps it under `secrets`, by its name.
"""

from typing import Final

from pangolin.services.context.runtime import Runtime
from pangolin.services.sealing import fields
from pangolin.services.sealing.keyring import Keyring
from pangolin.store.documents import TenantSettingsDoc
from pangolin.store.kinds import TENANT_SETTINGS

PASSWORD: Final = "smtp_password"  # noqa: S105 - a field's name
SECRETS: Final = "secrets"


def sealed(runtime: Runtime, doc: TenantSettingsDoc, tenant: str) -> TenantSettingsDoc:
    """Return a record whose plaintext password, if there is one, is sealed.

    Raises `BadRequest` if there is no key to seal with.
    """
    rest = doc.copy()
    clear = rest.pop(PASSWORD, None)
    if not clear:
        return rest
    version = 1 + doc.get(SECRETS, {}).get(PASSWORD, {}).get("version", 0)
    entry = fields.literal(runtime, clear, version, *_place(tenant))
    return {**rest, "secrets": {PASSWORD: entry}}


def password(runtime: Runtime, doc: TenantSettingsDoc, tenant: str) -> str | None:
    """Return the password in plaintext; raise `SealBroken`."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    return fields.plain(runtime, kept, *_place(tenant)) if kept else None


def masked(doc: TenantSettingsDoc) -> str | None:
    """Return the masked password; None if there is none."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    return str(kept["shown"]) if kept else None


def for_audit(doc: TenantSettingsDoc) -> TenantSettingsDoc:
    """Return a record in the form that the audit log hashes."""
    kept = doc.get(SECRETS, {})
    return {**doc, "secrets": {name: fields.for_audit(each) for name, each in kept.items()}}


def resealed(keyring: Keyring, doc: TenantSettingsDoc) -> TenantSettingsDoc:
    """Return a record whose password is sealed with the first key; raise `SealBroken`."""
    kept = doc.get(SECRETS, {}).get(PASSWORD)
    if not kept:
        return doc
    place = _place(doc["tenant"])
    return {**doc, "secrets": {PASSWORD: fields.resealed(keyring, kept, *place)}}


def upgraded(runtime: Runtime, doc: TenantSettingsDoc) -> TenantSettingsDoc:
    """Convert a record of layout 2, which has the password in plaintext, to layout 3."""
    return sealed(runtime, doc, doc["tenant"]) if PASSWORD in doc else doc


def _place(tenant: str) -> tuple[str, ...]:
    return (TENANT_SETTINGS.name, tenant, PASSWORD)
