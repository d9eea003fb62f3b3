"""Bring an empty or existing store to where the server can start; every step may be repeated."""

import secrets
import uuid
from dataclasses import dataclass, field

from pangolin.errors import PangolinError
from pangolin.identity import ROOT, Principal
from pangolin.services.passwords import hash_password
from pangolin.services.scope import Runtime, Scope
from pangolin.store import kinds
from pangolin.store.api import ABSENT, Conflict, Doc, Kind, Put, Record

DEFAULT_TENANT = str(uuid.UUID(int=0))
ROOT_ID = "root"
LAYOUT_NAME = "pangolin"
LAYOUT_NUMBER = 1
# The layout record that says the quick start has been made.
QUICK_START = "quick-start"


class LayoutMismatch(PangolinError):
    """The store was laid out by another release; the message says what to do."""

    type = "LayoutMismatchException"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was done, one line each, and root's password if it was made just now."""

    notes: tuple[str, ...]
    root_password: str = field(default="", repr=False)


def initialise(runtime: Runtime) -> Initialised:
    """Create the layout, the default tenant and the root user.

    Safe when several processes do it at once. Raises `LayoutMismatch`.
    """
    runtime.store.setup([kinds.LAYOUT])
    _check_layout(runtime)
    runtime.store.setup(kinds.ALL)
    notes = insert_once(
        runtime, kinds.LAYOUT, {"name": "pangolin", "number": LAYOUT_NUMBER}, "layout"
    )
    tenant = {"tenant": DEFAULT_TENANT, "name": "default", "properties": {}}
    notes += insert_once(runtime, kinds.TENANT, tenant, "tenant default")
    note, password = _root_user(runtime)
    return Initialised((*notes, *note), password)


def upgrade(runtime: Runtime) -> Initialised:
    """Bring the layout up to this release; return what was done."""
    runtime.store.setup([kinds.LAYOUT])
    found = _layout(runtime)
    if found is None:
        return initialise(runtime)
    _refuse_newer(found)
    runtime.store.setup(kinds.ALL)
    before = found.doc["number"]
    if before == LAYOUT_NUMBER:
        return Initialised((f"the layout is number {LAYOUT_NUMBER} and was up to date",))
    runtime.store.apply(Put(kinds.LAYOUT, _own_layout(), found.version))
    return Initialised((f"the layout went from number {before} to {LAYOUT_NUMBER}",))


def layout_number(runtime: Runtime) -> int | None:
    """Read the number of the store's layout; None if it has none yet."""
    runtime.store.setup([kinds.LAYOUT])
    found = _layout(runtime)
    return None if found is None else int(found.doc["number"])


def system_scope(runtime: Runtime) -> Scope:
    """Give root's view of the default tenant, for what the server does on its own behalf."""
    return Scope(
        principal=Principal(ROOT_ID, runtime.settings.root_user, ROOT),
        tenant=DEFAULT_TENANT,
        runtime=runtime,
        deadline_ms=runtime.clock() + int(runtime.settings.request_timeout * 1000),
    )


def _layout(runtime: Runtime) -> Record | None:
    return runtime.store.get(kinds.LAYOUT, (LAYOUT_NAME,))


def _own_layout() -> Doc:
    return {"name": LAYOUT_NAME, "number": LAYOUT_NUMBER}


def _check_layout(runtime: Runtime) -> None:
    found = _layout(runtime)
    if found is None:
        return
    _refuse_newer(found)
    if found.doc["number"] < LAYOUT_NUMBER:
        raise LayoutMismatch(
            f"the store has layout {found.doc['number']}, this release needs {LAYOUT_NUMBER}: "
            "stop the servers and run `pangolin upgrade`"
        )


def _refuse_newer(found: Record) -> None:
    if found.doc["number"] > LAYOUT_NUMBER:
        raise LayoutMismatch(
            f"the store has layout {found.doc['number']}, made by a newer release; this one knows "
            f"{LAYOUT_NUMBER}: install the newer release"
        )


def insert_once(runtime: Runtime, kind: Kind, doc: Doc, what: str) -> list[str]:
    """Insert a record unless it is there; return a note if it was not."""
    if runtime.store.get(kind, kind.key_of(doc)) is not None:
        return []
    try:
        runtime.store.apply(Put(kind, doc, ABSENT))
    except Conflict:
        # Another process was first; anything else that stands in the way is an error.
        if runtime.store.get(kind, kind.key_of(doc)) is None:
            raise
        return []
    return [f"created {what}"]


def _root_user(runtime: Runtime) -> tuple[list[str], str]:
    settings, store = runtime.settings, runtime.store
    found = store.get(kinds.USER, (ROOT_ID,))
    doc = dict(found.doc) if found else _new_root(runtime)
    doc["username"] = settings.root_user
    password = ""
    if not settings.root_password and not doc["password_hash"]:
        password = secrets.token_urlsafe(18)
        doc["password_hash"] = hash_password(password)
    if found is not None and doc == found.doc:
        return [], ""
    try:
        store.apply(Put(kinds.USER, doc, found.version if found else ABSENT))
    except Conflict:
        # Another process was first, and tells the operator what it chose.
        return [], ""
    if password:
        return [f"user {settings.root_user} has the password {password} (shown only now)"], password
    return [f"user {settings.root_user} is root"], ""


def _new_root(runtime: Runtime) -> Doc:
    return {
        "id": ROOT_ID,
        "home": "",
        "email": None,
        "role": ROOT,
        "tenant": None,
        "password_hash": None,
        "active": True,
        "created_at_ms": runtime.clock(),
        "last_login_ms": None,
    }
