"""Azure Storage: objects, and short-lived credentials for one table's directory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pangolin.plugin import CredentialVendor, ObjectBackend, hookimpl
from pangolin_azure.account import root_of
from pangolin_azure.client import client_properties
from pangolin_azure.options import OPTIONS
from pangolin_azure.store import open_store
from pangolin_azure.vendor import AzureVendor

if TYPE_CHECKING:
    from pangolin.plugin import Settings


@hookimpl
def pangolin_object_stores() -> Sequence[ObjectBackend]:
    """Register the `azure` type."""
    return [
        ObjectBackend(
            type="azure",
            schemes=("abfss", "abfs", "wasbs", "wasb"),
            options=OPTIONS,
            root=root_of,
            open=open_store,
            client=client_properties,
            help="Azure Data Lake Storage and Blob Storage",
        )
    ]


@hookimpl
def pangolin_credential_vendors(settings: "Settings") -> Sequence[CredentialVendor]:
    """Register `AzureSas` and `AzureOAuth`."""
    return [AzureVendor(settings)]
