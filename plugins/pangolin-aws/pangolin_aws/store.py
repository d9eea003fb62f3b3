"""Objects in a bucket, below the warehouse's prefix."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from obstore.store import S3Store

from pangolin.plugin import (
    Forbidden,
    Location,
    ObjectInfo,
    ObjectMissing,
    Unavailable,
    Warehouse,
    parse_location,
)
from pangolin_aws.failures import answering
from pangolin_aws.options import encryption_of, endpoint_of, is_path_style, root_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

CONNECT_SECONDS: Final = 5.0
MAX_RETRIES: Final = 5
LIST_CHUNK: Final = 1000
# The client's runtime is one per process and hangs in a child of a process that has used it.
_RUNTIME: Final[dict[str, int]] = {}


class S3Objects:
    """Objects of one warehouse in S3; see `pangolin.objects.ObjectStore`.

    Connects at first use. A conditional put whose connection broke may find its own object and
    raise `ObjectExists`; names with a UUID make that harmless.
    """

    def __init__(self, root: Location, config: Mapping[str, str], timeout: float) -> None:
        self._root = root
        self._config = dict(config)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._opened: S3Store | None = None

    def get(self, location: str) -> bytes:
        key = self._key(location)
        with answering(location):
            return bytes(self._client().get(key).bytes())

    def head(self, location: str) -> ObjectInfo | None:
        key = self._key(location)
        try:
            with answering(location):
                return self._info(self._client().head(key))
        except ObjectMissing:
            return None

    def put(self, location: str, data: bytes, *, if_absent: bool = False) -> None:
        key = self._key(location)
        mode: Any = "create" if if_absent else "overwrite"
        with answering(location):
            self._client().put(key, data, mode=mode, use_multipart=False)

    def delete(self, locations: Sequence[str]) -> None:
        keys = [self._key(location) for location in locations]
        if not keys:
            return
        try:
            with answering(f"{self._root} ({len(keys)} to delete)"):
                self._client().delete(keys)
        except ObjectMissing:
            self._delete_singly(keys)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = self._root.within(prefix)
        with answering(prefix):
            stream = iter(self._client().list("/".join(found.path), chunk_size=LIST_CHUNK))
        while True:
            with answering(prefix):
                chunk = next(stream, None)
            if chunk is None:
                return
            yield from map(self._info, chunk)

    def check(self) -> None:
        next(self.list(str(self._root)), None)

    def _delete_singly(self, keys: Sequence[str]) -> None:
        # Some compatible stores answer 404 for a batch in which one object is missing.
        for key in keys:
            try:
                with answering(key):
                    self._client().delete(key)
            except ObjectMissing:
                continue

    def _key(self, location: str) -> str:
        found = self._root.within(location)
        if not found.path:
            raise Forbidden(f"{location} is a bucket, not an object")
        return "/".join(found.path)

    def _info(self, meta: Mapping[str, Any]) -> ObjectInfo:
        location = f"s3://{self._root.authority}/{meta['path']}"
        modified = int(meta["last_modified"].timestamp() * 1000)
        return ObjectInfo(location, meta["size"], modified)

    def _client(self) -> S3Store:
        if _RUNTIME.setdefault("pid", os.getpid()) != os.getpid():
            raise Unavailable("S3 was used before this process was forked: start it afresh")
        with self._lock:
            if self._opened is None:
                self._opened = _connect(self._root.authority, self._config, self._timeout)
            return self._opened


def open_store(warehouse: Warehouse, settings: "Settings") -> S3Objects:
    """Open a warehouse's bucket; nothing is sent before the first call."""
    root = parse_location(root_of(warehouse.config, settings), "s3.prefix")
    return S3Objects(root, warehouse.config, settings.request_timeout)


def _connect(bucket: str, config: Mapping[str, str], timeout: float) -> S3Store:
    # The last attempt starts before half of the time has passed and takes at most the other half.
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
    """The warehouse's own key; given as a provider so that no AWS_* variable is mixed into it."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self._key = {
            "access_key_id": config["s3.access-key-id"],
            "secret_access_key": config["s3.secret-access-key"],
            "token": config.get("s3.session-token") or None,
            "expires_at": None,
        }

    def __call__(self) -> dict[str, Any]:
        return self._key
