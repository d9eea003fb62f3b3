"""Prepare an empty or existing store so that the server can start; every step is repeatable."""

import secrets
from dataclasses import dataclass, field

from pangolin.interfaces.authentication import ROOT
from pangolin.services.authn import security_stamps, signing_keys
from pangolin.services.authn.passwords import hash_password
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT, ROOT_ID
from pangolin.services.operations import layout, migrations
from pangolin.store import kinds
from pangolin.store.api import ABSENT, Conflict, D, Kind, Put
from pangolin.store.documents import LayoutDoc, TenantDoc
from pangolin.store.identity_documents import PrincipalDoc

ROOT_KEY = (kinds.ROOT_HOME, ROOT_ID)
# The layout record that marks the quick start as done.
QUICK_START = "quick-start"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was done, one line each, and root's password if it was just created."""

    notes: tuple[str, ...]
    root_password: str = field(default="", repr=False)


def initialise(runtime: Runtime) -> Initialised:
    """Create the layout, the default tenant and the root user.

    Safe to run in several processes at once. Raises `LayoutMismatch`.
    """
    number = migrations.newest()
    layout.check_ready(runtime.store, number)
    runtime.store.setup(kinds.ALL)
    record: LayoutDoc = {"name": layout.NAME, "number": number}
    notes = insert_once(runtime, kinds.LAYOUT, record, f"layout {number}")
    tenant: TenantDoc = {"tenant": DEFAULT_TENANT, "name": "default", "properties": {}}
    notes += insert_once(runtime, kinds.TENANT, tenant, "tenant default")
    note, password = _root_user(runtime)
    # This also proves that the secrets in the store open with the configured keys.
    signing_keys.current(runtime)
    return Initialised((*notes, *note), password)


def upgrade(runtime: Runtime, *, dry_run: bool = False) -> Initialised:
    """Bring the store's data up to this release; return what was (or would be) done."""
    if layout.read_layout(runtime.store) is None:
        return Initialised(("the store is empty",)) if dry_run else initialise(runtime)
    runtime.store.setup(kinds.ALL)
    done = migrations.run(runtime.store, runtime=runtime, dry_run=dry_run)
    notes = [f"layout {each.number}: {each.what} ({each.records} records)" for each in done]
    return Initialised(tuple(notes) or (f"layout {migrations.newest()} is up to date",))


def layout_number(runtime: Runtime) -> int | None:
    """Return the number of the store's layout; None if it has none yet."""
    found = layout.read_layout(runtime.store)
    return None if found is None else int(found.doc["number"])


def insert_once(runtime: Runtime, kind: Kind[D], doc: D, what: str) -> list[str]:
    """Insert a record unless it is there; return a note if it was not."""
    if runtime.store.get(kind, kind.key_of(doc)) is not None:
        return []
    try:
        runtime.store.apply(Put(kind, doc, ABSENT))
    except Conflict:
        # Another process was first; any other obstacle is an error.
        if runtime.store.get(kind, kind.key_of(doc)) is None:
            raise
        return []
    return [f"created {what}"]


def _root_user(runtime: Runtime) -> tuple[list[str], str]:
    settings, store = runtime.settings, runtime.store
    found = store.get(kinds.PRINCIPAL, ROOT_KEY)
    doc = found.doc.copy() if found else new_root(runtime)
    doc["name"] = settings.root_user
    password = ""
    if not settings.root_password and not doc["password_hash"]:
        password = secrets.token_urlsafe(18)
        doc["password_hash"] = hash_password(settings, password)
    if found is not None and doc == found.doc:
        return [], ""
    put = Put(kinds.PRINCIPAL, doc, found.version if found else ABSENT)
    try:
        store.apply(put, security_stamps.invalidate(*ROOT_KEY))
    except Conflict:
        # Another process was first, and shows the operator the password that it chose.
        return [], ""
    if password:
        return [f"user {settings.root_user} has the password {password} (shown only now)"], password
    return [f"user {settings.root_user} is root"], ""


def new_root(runtime: Runtime) -> PrincipalDoc:
    """Return the initial record of root."""
    return {
        "tenant": kinds.ROOT_HOME,
        "id": ROOT_ID,
        "type": "user",
        "name": runtime.settings.root_user,
        "email": None,
        "role": ROOT,
        "password_hash": None,
        "active": True,
        "created_at_ms": runtime.clock(),
        "last_login_ms": None,
    }
