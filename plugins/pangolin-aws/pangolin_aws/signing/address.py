"""The address of a request: one of the warehouse's own hosts, its bucket, a key and a query."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pangolin_aws.place import Place
from pangolin_aws.signing.keys import decoded, decoded_key
from pangolin_aws.signing.refusal import refused

MAX_URI: Final = 8192
_URI = re.compile(r"[!-\[\]-~]+", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for: a key, or the bucket if that is "", and the query's parameters.

    `path` is the decoded path, with the bucket where that is in it.
    """

    key: str
    query: dict[str, str]
    host: str
    path: str


def target_of(uri: str, place: Place) -> Target:
    """Parse a URI; raise `Forbidden` if its host is not the warehouse's, or it is ambiguous."""
    parts = _split(uri)
    raw = _path_in_bucket(parts, place)
    key = decoded_key(raw) if raw else ""
    path = decoded(parts.path, "path") or "/"
    return Target(key, _query(parts.query), _netloc(parts), path)


def hosts(place: Place) -> Iterator[tuple[str, str, bool]]:
    """Return the ways to a bucket: scheme, host with port, and whether the path has the bucket."""
    if place.endpoint:
        own = urlsplit(place.endpoint)
        bases = [(own.scheme, _netloc(own))]
    else:
        suffix = place.partition.suffix
        names = [f"s3.{place.region}.{suffix}", f"s3.dualstack.{place.region}.{suffix}"]
        # The host that clients still use in the oldest region.
        names += [f"s3.{suffix}"] if place.region == "us-east-1" else []
        bases = [("https", name) for name in names]
    for scheme, host in bases:
        yield scheme, host, True
        yield scheme, f"{place.bucket}.{host}", False


def _split(uri: str) -> SplitResult:
    if len(uri) > MAX_URI or not _URI.fullmatch(uri) or "#" in uri:
        raise refused("uri", "its URI is too long, or has other characters than a URI's")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise refused("uri", "its URI cannot be parsed") from None
    if "@" in parts.netloc or not parts.hostname or port == 0:
        raise refused("uri", "its URI has a user name, or no host")
    return parts


def _path_in_bucket(parts: SplitResult, place: Place) -> str:
    asked = (parts.scheme, _netloc(parts))
    for scheme, host, in_path in hosts(place):
        if asked == (scheme, host):
            return _within(parts.path, place.bucket) if in_path else parts.path.removeprefix("/")
    raise refused("host", "its host is not the warehouse's")


def _within(path: str, bucket: str) -> str:
    if path in (f"/{bucket}", f"/{bucket}/"):
        return ""
    if not path.startswith(f"/{bucket}/"):
        raise refused("bucket", "its bucket is not the warehouse's")
    return path.removeprefix(f"/{bucket}/")


def _netloc(parts: SplitResult) -> str:
    """Return host and port, the port only where it is not the scheme's own."""
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    plain = parts.port in (None, _PORTS.get(parts.scheme))
    return host if plain else f"{host}:{parts.port}"


def _query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, text.split("&")):
        # A plus is a space to some and a plus to others; a semicolon separates for some.
        if "+" in pair or ";" in pair:
            raise refused("query", "its query has a '+' or ';' that is not encoded")
        name, _, value = (decoded(part, "query") for part in pair.partition("="))
        if name in found:
            raise refused("query", "its query repeats a parameter")
        found[name] = value
    return found
