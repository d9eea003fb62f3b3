"""Google Cloud Storage: objects, and short-lived credentials for one table's directories."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pangolin.plugin import CredentialVendor, ObjectBackend, hookimpl
from pangolin_gcp.options import OPTIONS, client_properties, root_of
from pangolin_gcp.sources import Sources
from pangolin_gcp.store import GcsOpener
from pangolin_gcp.vendor import GcpVendor

if TYPE_CHECKING:
    from pangolin.plugin import Settings


@hookimpl
def pangolin_object_stores() -> Sequence[ObjectBackend]:
    """Register the `gcs` type."""
    return [
        ObjectBackend(
            type="gcs",
            schemes=("gs", "gcs"),
            options=OPTIONS,
            root=root_of,
            open=GcsOpener(Sources()).open,
            client=client_properties,
            help="Google Cloud Storage",
        )
    ]


@hookimpl
def pangolin_credential_vendors(settings: "Settings") -> Sequence[CredentialVendor]:
    """Register `GcpDownscoped` and `GcpToken`."""
    return [GcpVendor(settings)]
