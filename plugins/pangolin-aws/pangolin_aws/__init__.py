"""Amazon S3 and compatible object storage, and the credentials for it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pangolin.plugin import CredentialVendor, ObjectBackend, hookimpl
from pangolin_aws.client import client_properties
from pangolin_aws.options import OPTIONS, flaws_of, root_of
from pangolin_aws.store import open_store
from pangolin_aws.vendors import vendors

if TYPE_CHECKING:
    from pangolin.plugin import Settings


@hookimpl
def pangolin_object_stores() -> Sequence[ObjectBackend]:
    """Register the `s3` type."""
    return [
        ObjectBackend(
            type="s3",
            schemes=("s3", "s3a", "s3n"),
            options=OPTIONS,
            root=root_of,
            open=open_store,
            client=client_properties,
            flaws=flaws_of,
            help="Amazon S3, or a store that speaks its protocol",
        )
    ]


@hookimpl
def pangolin_credential_vendors(settings: "Settings") -> Sequence[CredentialVendor]:
    """Register the strategies `AwsSts`, `AwsWebIdentity`, `AwsStatic` and `S3RemoteSigning`."""
    return vendors(settings)
