"""A new password for root, when the old one is lost."""

import secrets

from pangolin.errors import BadRequest
from pangolin.services import accounts, audit, limits, sign_in
from pangolin.services.access import Resource
from pangolin.services.audit import Happening
from pangolin.services.initialise import ROOT_KEY, new_root
from pangolin.services.passwords import hash_password
from pangolin.services.principals import USER
from pangolin.services.retrying import until_settled
from pangolin.services.scope import Scope
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
    limits.unlock(scope.runtime, sign_in.LOGIN, f"{ROOT_HOME}/{scope.settings.root_user}")
    return password


def _replace(scope: Scope, hashed: str) -> None:
    store = scope.system
    found = store.get(PRINCIPAL, ROOT_KEY)
    doc = new_root(scope.runtime) | (found.doc if found else {})
    doc |= {"name": scope.settings.root_user, "active": True, "password_hash": hashed}
    doc, batch = accounts.ended(scope, doc)
    batch.append(Put(PRINCIPAL, doc, found.version if found else ABSENT))
    what = [Happening("update_user", Resource(USER, (doc["name"],)), details={"reset": True})]
    audit.written(scope, what, lambda *records: store.apply(*batch, *records))
