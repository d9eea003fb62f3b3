"""Settings of one tenant, one record each."""

from collections.abc import Mapping
from typing import Any, Final

from pangolin.errors import BadRequest
from pangolin.services import changes, tenant_secrets, tenants
from pangolin.services.access import Resource, require
from pangolin.services.idempotency import once
from pangolin.services.objects import MASK
from pangolin.services.retrying import until_settled
from pangolin.services.scope import Scope
from pangolin.services.tenant_secrets import told
from pangolin.store.api import ABSENT, Doc, Put
from pangolin.store.kinds import TENANT_SETTINGS

Wire = dict[str, Any]
RESOURCE: Final = Resource("settings")
SECRET: Final = tenant_secrets.PASSWORD
DEFAULTS: Final[Mapping[str, Any]] = {
    "allow_public_signup": False,
    "default_warehouse_bucket": None,
    "default_retention_days": 30,
    "smtp_host": None,
    "smtp_port": None,
    "smtp_user": None,
    SECRET: None,
}


def get(scope: Scope) -> Wire:
    """Read a tenant's settings, defaults filled in; the password is masked."""
    require(scope, "read", RESOURCE)
    record = scope.store.get(TENANT_SETTINGS, ())
    return _wire(record.doc if record else {})


def update(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Change the settings that `fields` has; None brings the default back.

    A password that comes back as it was shown is kept.
    """
    require(scope, "update", RESOURCE)

    def attempt() -> Wire:
        record = scope.store.get(TENANT_SETTINGS, ())
        clear = _merged(record.doc if record else {}, fields)
        doc = tenant_secrets.sealed(scope.runtime, clear, scope.tenant)
        outcome = _wire(doc)
        put = Put(TENANT_SETTINGS, doc, record.version if record else ABSENT)
        batch, before = [tenants.hold(scope), put], told(record.doc) if record else None
        changes.commit(scope, "update_settings", RESOURCE, batch, outcome, before, told(doc))
        return outcome

    return once(scope, lambda: until_settled(scope, attempt, "update settings"), Wire)


def _merged(stored: Doc, fields: Mapping[str, Any]) -> Doc:
    """Put the fields over the stored ones; a password that is given is in clear."""
    given, kept = dict(fields), dict(stored)
    if SECRET in given:
        secret = given[SECRET]
        if secret and secret.startswith(MASK):
            if secret != tenant_secrets.shown(stored):
                raise BadRequest(f"{SECRET} is masked; give the password itself")
            del given[SECRET]
        elif not secret:
            kept.pop(tenant_secrets.SECRETS, None)
    return {key: value for key, value in (kept | given).items() if value is not None}


def _wire(doc: Doc) -> Wire:
    shown = {key: doc.get(key, default) for key, default in DEFAULTS.items()}
    return shown | {SECRET: tenant_secrets.shown(doc)}
