"""Amazon S3 and compatible object storage."""

from collections.abc import Sequence

from pangolin.plugin import ObjectBackend, hookimpl
from pangolin_aws.client import client_properties
from pangolin_aws.options import OPTIONS, root_of
from pangolin_aws.store import open_store


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
            help="Amazon S3, or a store that speaks its protocol",
        )
    ]
