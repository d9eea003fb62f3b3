"""Objects in a bucket: with the server's identity, or with a token that was vended."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from obstore.store import GCSStore

from pangolin.plugin import BucketObjects, Supplier, Warehouse, parse_location
from pangolin_gcp.failures import answering
from pangolin_gcp.identity import check_server_identity, identity_of
from pangolin_gcp.options import STORAGE, guard, location_of, options_of, root_of
from pangolin_gcp.sources import READ_WRITE, Sources, Token, Wanted

if TYPE_CHECKING:
    from pangolin.plugin import Settings

CONNECT_SECONDS: Final = 5.0
MAX_RETRIES: Final = 5


class GcsOpener:
    """Opens warehouses with the server's identity; `sources` supplies the tokens."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def open(self, warehouse: Warehouse, settings: "Settings") -> BucketObjects:
        """Open a warehouse's bucket; nothing is sent before a call."""
        options = options_of(warehouse)
        root_of(options, settings)
        identity = identity_of(options)
        check_server_identity(identity, options, settings)
        wanted = Wanted(warehouse.tenant, identity, READ_WRITE)
        return opened(options, settings, lambda: self._sources.get(wanted))


def opened(
    options: Mapping[str, str], settings: "Settings", token: Callable[[], Token]
) -> BucketObjects:
    """Open a bucket with tokens and nothing else."""
    root = parse_location(location_of(options), "gcs.prefix")
    supplier = Supplier(lambda: _credential(token()))

    def connect() -> GCSStore:
        guard(options, settings)
        endpoint = options.get("gcs.endpoint", "").rstrip("/") or STORAGE
        return _connect(root.authority, endpoint, supplier, settings.request_timeout)

    return BucketObjects(root, connect, supplier.before(answering))


def _credential(token: Token) -> dict[str, Any]:
    return {"token": token.value, "expires_at": datetime.fromtimestamp(token.expires_at, UTC)}


def _connect(bucket: str, endpoint: str, supplier: Supplier, timeout: float) -> GCSStore:
    # The last attempt starts in the first half of the time and takes at most the other half.
    half = timedelta(seconds=timeout / 2)
    return GCSStore(
        bucket,
        # Set to their defaults, so that no GOOGLE_* variable of the server is mixed in.
        base_url=endpoint,
        skip_signature=False,
        credential_provider=supplier,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "timeout": half,
            "connect_timeout": min(half, timedelta(seconds=CONNECT_SECONDS)),
        },
        retry_config={"max_retries": MAX_RETRIES, "retry_timeout": half},
    )
