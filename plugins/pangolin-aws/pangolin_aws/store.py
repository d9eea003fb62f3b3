"""Objects in a bucket, below the warehouse's prefix."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from obstore.store import S3Store

from pangolin.plugin import BucketObjects, Warehouse, parse_location, resolve_endpoint
from pangolin_aws.failures import answering
from pangolin_aws.options import encryption_of, endpoint_of, is_path_style, root_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

CONNECT_SECONDS: Final = 5.0
MAX_RETRIES: Final = 5


def open_store(warehouse: Warehouse, settings: "Settings") -> BucketObjects:
    """Open a warehouse's bucket; nothing is sent before the first call."""
    root = parse_location(root_of(warehouse.config, settings), "s3.prefix")
    config = dict(warehouse.config)

    def connect() -> S3Store:
        if config.get("s3.endpoint"):
            resolve_endpoint(config["s3.endpoint"], "s3.endpoint", settings)
        return _connect(root.authority, config, settings.request_timeout)

    return BucketObjects(root, connect, answering)


def _connect(bucket: str, config: Mapping[str, str], timeout: float) -> S3Store:
    # The last attempt starts in the first half of the time and takes at most the other half.
    half = timedelta(seconds=timeout / 2)
    more: dict[str, Any] = _address(bucket, config) | _encryption(config)
    if config.get("s3.access-key-id"):
        more["credential_provider"] = _StaticKey(config)
    return S3Store(
        bucket,
        client_options={
            "allow_http": config.get("s3.endpoint", "").startswith("http://"),
            "timeout": half,
            "connect_timeout": min(half, timedelta(seconds=CONNECT_SECONDS)),
        },
        retry_config={"max_retries": MAX_RETRIES, "retry_timeout": half},
        **more,
    )


def _address(bucket: str, config: Mapping[str, str]) -> dict[str, Any]:
    in_path = is_path_style(config)
    address: dict[str, Any] = {"virtual_hosted_style_request": not in_path}
    if config.get("s3.region"):
        address["region"] = config["s3.region"]
    endpoint = endpoint_of(config)
    if endpoint is not None:
        host = endpoint.netloc if in_path else f"{bucket}.{endpoint.netloc}"
        address["endpoint"] = f"{endpoint.scheme}://{host}"
    return address


def _encryption(config: Mapping[str, str]) -> dict[str, Any]:
    wanted = {
        "server_side_encryption": encryption_of(config),
        "sse_kms_key_id": config.get("s3.sse.key", ""),
    }
    return {name: value for name, value in wanted.items() if value}


class _StaticKey:
    """The warehouse's own key, as a provider, so that no AWS_* variable is mixed into it."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self._key = {
            "access_key_id": config["s3.access-key-id"],
            "secret_access_key": config["s3.secret-access-key"],
            "token": config.get("s3.session-token") or None,
            "expires_at": None,
        }

    def __call__(self) -> dict[str, Any]:
        return self._key
