"""A new password for root, if the old one is lost."""

import secrets

from pangolin.errors import BadRequest
from pangolin.services.accounts import account
from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import rate_limits
from pangolin.services.authn.passwords import hash_password
from pangolin.services.authn.principals import USER
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.login import password_login
from pangolin.services.operations.bootstrap import ROOT_KEY, new_root
from pangolin.store.api import ABSENT, Put
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME


def reset(ctx: Context) -> str:
    """Set a random password for root and end all its tokens; return the password.

    Raises `BadRequest` if the setting determines the password.
    """
    if ctx.settings.root_password:
        raise BadRequest("PANGOLIN_ROOT_PASSWORD sets root's password: change or unset it instead")
    password = secrets.token_urlsafe(18)
    hashed = hash_password(ctx.settings, password)
    retry_conflicts(ctx, "reset root", lambda: _replace(ctx, hashed))
    rate_limits.unlock(ctx.runtime, password_login.LOGIN, f"{ROOT_HOME}/{ctx.settings.root_user}")
    return password


def _replace(ctx: Context, hashed: str) -> None:
    store = ctx.system
    found = store.get(PRINCIPAL, ROOT_KEY)
    doc = new_root(ctx.runtime)
    if found:
        doc |= found.doc
    doc |= {"name": ctx.settings.root_user, "active": True, "password_hash": hashed}
    doc, batch = account.ended(ctx, doc)
    batch.append(Put(PRINCIPAL, doc, found.version if found else ABSENT))
    what = [
        AuditEvent(AuditAction.UPDATE_USER, Resource(USER, (doc["name"],)), details={"reset": True})
    ]
    trail.apply_recorded(ctx, what, lambda *records: store.apply(*batch, *records))
