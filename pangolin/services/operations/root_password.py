"""A new password for root, when the old one is lost."""

import secrets

from pangolin.errors import BadRequest
from pangolin.services.accounts import account
from pangolin.services.audit import trail
from pangolin.services.audit.trail import Happening
from pangolin.services.authn import rate_limits
from pangolin.services.authn.passwords import hash_password
from pangolin.services.authn.principals import USER
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.login import password_login
from pangolin.services.operations.bootstrap import ROOT_KEY, new_root
from pangolin.store.api import ABSENT, Put
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME


def reset(scope: Scope) -> str:
    """Give root a random password and end all its tokens; return the password.

    Raises `BadRequest` where the setting decides the password.
    """
    if scope.settings.root_password:
        raise BadRequest("PANGOLIN_ROOT_PASSWORD sets root's password: change or unset it instead")
    password = secrets.token_urlsafe(18)
    hashed = hash_password(scope.settings, password)
    until_settled(scope, lambda: _replace(scope, hashed), "reset root")
    rate_limits.unlock(
        scope.runtime, password_login.LOGIN, f"{ROOT_HOME}/{scope.settings.root_user}"
    )
    return password


def _replace(scope: Scope, hashed: str) -> None:
    store = scope.system
    found = store.get(PRINCIPAL, ROOT_KEY)
    doc = new_root(scope.runtime) | (found.doc if found else {})
    doc |= {"name": scope.settings.root_user, "active": True, "password_hash": hashed}
    doc, batch = account.ended(scope, doc)
    batch.append(Put(PRINCIPAL, doc, found.version if found else ABSENT))
    what = [Happening("update_user", Resource(USER, (doc["name"],)), details={"reset": True})]
    trail.written(scope, what, lambda *records: store.apply(*batch, *records))
