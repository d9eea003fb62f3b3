"""Users and sessions as layout 1 kept them, for the upgrade to layout 2."""

from typing import Any, Final

from pangolin.services.authn.principals import mail_fields
from pangolin.store.api import ABSENT, Change, Delete, Doc, Index, Kind, Put, Store
from pangolin.store.kinds import PRINCIPAL

USER: Final[Kind[dict[str, Any]]] = Kind(
    "user", key=("id",), indexes={"username": Index(("home", "username"), unique=True)}
)
SESSION: Final[Kind[dict[str, Any]]] = Kind(
    "session",
    key=("digest",),
    indexes={"expires": Index(("expires_at_ms",)), "user": Index(("user",))},
    integers=frozenset({"expires_at_ms"}),
)
MOVED = ("id", "email", "role", "password_hash", "active", "created_at_ms", "last_login_ms")


def to_principals(store: Store, dry_run: bool) -> int:
    """Move every user to its tenant and drop the sessions; return the number of moved records."""
    store.setup([USER, SESSION])
    users = [record.doc for record in store.scan(USER)]
    if not dry_run:
        for user in users:
            store.apply(*_moving(store, user))
        store.purge(SESSION, ())
    return len(users)


def _moving(store: Store, user: Doc) -> list[Change]:
    fresh = {name: user.get(name) for name in MOVED}
    fresh |= {"tenant": user["home"], "type": "user", "name": user["username"]}
    fresh |= mail_fields(user.get("email"))
    gone = Delete(USER, (user["id"],))
    # The upgrade may have stopped between two records, and a server may have created root again.
    if store.get(PRINCIPAL, (user["home"], user["id"])) is not None:
        return [gone]
    return [Put(PRINCIPAL, fresh, ABSENT), gone]
