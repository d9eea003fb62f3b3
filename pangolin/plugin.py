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
from pangolin.iceberg.locations import Location, parse_location
from pangolin.interfaces.authentication import (
    AuthRequest,
    AuthServices,
    ExternalIdentity,
    IdentityProvider,
    LoginRequest,
    Principal,
)
from pangolin.interfaces.checks import Check
from pangolin.interfaces.credential_vending import (
    Access,
    CredentialVendor,
    Grant,
    Prepared,
    Signed,
    Signer,
    SignRequest,
    Vended,
)
from pangolin.interfaces.events import Event, EventSink
from pangolin.interfaces.object_storage import (
    ObjectBackend,
    ObjectExists,
    ObjectInfo,
    ObjectMissing,
    ObjectStore,
    Option,
    Warehouse,
)
from pangolin.interfaces.store_backend import StoreBackend
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
from pangolin.toolkit.buckets import BucketClient, BucketObjects, Supplier
from pangolin.toolkit.failures import StorageFailures
from pangolin.toolkit.outbound import Answered, call_endpoint, check_endpoint, resolve_endpoint
from pangolin.toolkit.probes import prove_narrowness

hookimpl = pluggy.HookimplMarker("pangolin")

__all__ = [
    "ABSENT",
    "ANY",
    "Access",
    "Answered",
    "AuthRequest",
    "AuthServices",
    "BadRequest",
    "BucketClient",
    "BucketObjects",
    "Change",
    "Check",
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
    "Prepared",
    "Principal",
    "Put",
    "Record",
    "Require",
    "RequireEmpty",
    "Scalar",
    "Settings",
    "SignRequest",
    "Signed",
    "Signer",
    "StorageFailures",
    "Store",
    "StoreBackend",
    "Supplier",
    "Unauthorized",
    "Unavailable",
    "Vended",
    "Version",
    "Warehouse",
    "call_endpoint",
    "check_endpoint",
    "hookimpl",
    "parse_location",
    "prove_narrowness",
    "resolve_endpoint",
]
