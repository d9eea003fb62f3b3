"""Warehouses and grants for tests."""

import os

from pangolin.plugin import Access, Grant, Warehouse
from tests.servers.seaweed import Seaweed

ROLE = "arn:aws:iam::123456789012:role/lake/Vend"


def warehouse(strategy: object = None, /, **options: str) -> Warehouse:
    """Return a warehouse; `role_arn` is `s3.role-arn`, `sse_key` is `s3.sse.key`."""
    names = {name: name.replace("sse_", "sse.").replace("_", "-") for name in options}
    given = {f"s3.{names[name]}": value for name, value in options.items()}
    config = {"type": "s3", "s3.bucket": "bkt", "s3.prefix": "wh", **given}
    return Warehouse("tenant-1", "warehouse-1", "lake", 1, config, vending_strategy=strategy)


def from_variables(kind: str, **names: str) -> Warehouse:
    """Return a warehouse whose options are in variables `LIVE_<kind>_…`."""
    given = {option: os.environ.get(f"LIVE_{kind}_{name}", "") for option, name in names.items()}
    return warehouse(**{option: value for option, value in given.items() if value})


def on_seaweed(
    server: Seaweed, strategy: object = None, /, prefix: str = "wh", **options: str
) -> Warehouse:
    """Return a warehouse on a test server; an empty option is left out."""
    given = {
        "bucket": server.bucket,
        "prefix": prefix,
        "endpoint": server.endpoint,
        "region": "us-east-1",
        "access_key_id": server.access_key,
        "secret_access_key": server.secret_key,
        "role_arn": server.role_arn,
    }
    kept = {name: value for name, value in {**given, **options}.items() if value}
    return warehouse(strategy, **kept)


def writing(*locations: str) -> Access:
    """Everything below some directories."""
    return Access(locations, locations, locations)


def grant(
    place: Warehouse, access: Access, name: str = "ann@example.org", ttl_s: int = 3600
) -> Grant:
    """Return a grant to a principal."""
    return Grant(place, access, f"id-of-{name}", name, ttl_s)
