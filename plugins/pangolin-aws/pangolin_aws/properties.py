"""The properties of Iceberg clients (Java, PyIceberg, DuckDB, Trino, Rust, Go) for a credential."""

from collections.abc import Mapping
from typing import Final

from pangolin_aws.client import client_properties
from pangolin_aws.clients import Key
from pangolin_aws.place import Place

ID: Final = "s3.access-key-id"
SECRET: Final = "s3.secret-access-key"  # noqa: S105 - the name of a property
TOKEN: Final = "s3.session-token"  # noqa: S105
EXPIRY: Final = "s3.session-token-expires-at-ms"
_KINDS: Final = {"AES256": "s3", "aws:kms": "kms"}


def place_properties(config: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return the properties of the bucket and its encryption; DuckDB needs a region."""
    found = client_properties(config)
    found |= {"s3.region": place.region, "client.region": place.region}
    if place.encryption:
        found["s3.sse.type"] = _KINDS[place.encryption]
    if place.kms_key:
        found["s3.sse.key"] = place.kms_key
    return found


def key_properties(key: Key) -> dict[str, str]:
    """Return the properties of a key."""
    found = {ID: key.id, SECRET: key.secret}
    return found | {TOKEN: key.token} if key.token else found


def expiry_properties(expires_at_ms: int) -> dict[str, str]:
    """Return the properties of an expiry: Java's and Go's."""
    return {EXPIRY: str(expires_at_ms), "expiration-time": str(expires_at_ms)}


def key_in(properties: Mapping[str, str]) -> Key:
    """Read a key from properties."""
    return Key(properties[ID], properties[SECRET], properties.get(TOKEN, ""))


def signing_properties(config: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return the properties of remote signing, which only one PyIceberg file system supports."""
    return place_properties(config, place) | {
        "s3.remote-signing-enabled": "true",
        "s3.signer": "S3V4RestSigner",
        "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO",
    }
