"""Everything a plugin needs, in one module; plugins import nothing else of Pangolin."""

import pluggy

from pangolin.errors import (
    BadRequest,
    Conflicting,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    PangolinError,
    Unauthorized,
    Unavailable,
)
from pangolin.events import Event, EventSink
from pangolin.iceberg.locations import Location, parse_location
from pangolin.identity import (
    AuthRequest,
    AuthServices,
    ExternalIdentity,
    IdentityProvider,
    LoginRequest,
    Principal,
)
from pangolin.objects import (
    ObjectBackend,
    ObjectExists,
    ObjectInfo,
    ObjectMissing,
    ObjectStore,
    Option,
    Warehouse,
)
from pangolin.settings import Settings
from pangolin.store.api import (
    ABSENT,
    ANY,
    Change,
    Conflict,
    Delete,
    Doc,
    Expected,
    Index,
    Inspection,
    Key,
    Kind,
    Page,
    Put,
    Record,
    Require,
    RequireEmpty,
    Scalar,
    Store,
    Version,
)
from pangolin.store.backend import StoreBackend
from pangolin.vending import CredentialVendor, Grant, Vended

hookimpl = pluggy.HookimplMarker("pangolin")

__all__ = [
    "ABSENT",
    "ANY",
    "AuthRequest",
    "AuthServices",
    "BadRequest",
    "Change",
    "Conflict",
    "Conflicting",
    "CredentialVendor",
    "Delete",
    "Doc",
    "Event",
    "EventSink",
    "Expected",
    "ExternalIdentity",
    "Forbidden",
    "Grant",
    "IdentityProvider",
    "Index",
    "Inspection",
    "Key",
    "Kind",
    "Location",
    "LoginRequest",
    "NotFound",
    "ObjectBackend",
    "ObjectExists",
    "ObjectInfo",
    "ObjectMissing",
    "ObjectStore",
    "Option",
    "OutcomeUnknown",
    "Page",
    "PangolinError",
    "Principal",
    "Put",
    "Record",
    "Require",
    "RequireEmpty",
    "Scalar",
    "Settings",
    "Store",
    "StoreBackend",
    "Unauthorized",
    "Unavailable",
    "Vended",
    "Version",
    "Warehouse",
    "hookimpl",
    "parse_location",
]
