"""The settings of each tenant, in one record."""

from collections.abc import Mapping
from typing import Any, Final, cast

from pangolin.errors import BadRequest
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require
from pangolin.services.changes import batch, guards
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.redaction import MASK
from pangolin.services.context.resource import Resource
from pangolin.services.tenants import sealed_settings
from pangolin.services.tenants.sealed_settings import for_audit
from pangolin.store.api import ABSENT, Put
from pangolin.store.documents import TenantSettingsDoc
from pangolin.store.kinds import TENANT_SETTINGS

RESOURCE: Final = Resource("settings")
SECRET: Final = sealed_settings.PASSWORD
DEFAULTS: Final[Mapping[str, Any]] = {
    "allow_public_signup": False,
    "default_warehouse_bucket": None,
    "default_retention_days": 30,
    "smtp_host": None,
    "smtp_port": None,
    "smtp_user": None,
    SECRET: None,
}


def get(ctx: Context) -> Json:
    """Return a tenant's settings with defaults filled in; the password is masked."""
    require(ctx, "read", RESOURCE)
    record = ctx.store.get(TENANT_SETTINGS, ())
    stored: TenantSettingsDoc = record.doc if record else {}
    return _to_json(stored)


def update(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Change the settings that `fields` has; None restores the default.

    A masked password that comes back unchanged keeps the stored one.
    """
    require(ctx, "update", RESOURCE)

    def attempt() -> Json:
        record = ctx.store.get(TENANT_SETTINGS, ())
        stored: TenantSettingsDoc = record.doc if record else {}
        clear = _merged(stored, fields)
        doc = sealed_settings.sealed(ctx.runtime, clear, ctx.tenant)
        outcome = _to_json(doc)
        put = Put(TENANT_SETTINGS, doc, record.version if record else ABSENT)
        changes, before = [guards.hold(ctx), put], for_audit(record.doc) if record else None
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_SETTINGS, RESOURCE, before=before, after=for_audit(doc)),
            outcome=outcome,
        )
        return outcome

    return write(ctx, "update settings", attempt, Json)


def _merged(stored: TenantSettingsDoc, fields: Mapping[str, Any]) -> TenantSettingsDoc:
    """Merge the fields over the stored ones; a given password is in plaintext."""
    given, kept = dict(fields), stored.copy()
    if SECRET in given:
        secret = given[SECRET]
        if secret and secret.startswith(MASK):
            if secret != sealed_settings.masked(stored):
                raise BadRequest(f"{SECRET} is masked; send the password itself")
            del given[SECRET]
        elif not secret:
            kept.pop(sealed_settings.SECRETS, None)
    merged = {key: value for key, value in {**kept, **given}.items() if value is not None}
    return cast(TenantSettingsDoc, merged)


def _to_json(doc: TenantSettingsDoc) -> Json:
    kept: Mapping[str, Any] = doc
    values = {key: kept.get(key, default) for key, default in DEFAULTS.items()}
    return values | {SECRET: sealed_settings.masked(doc)}
