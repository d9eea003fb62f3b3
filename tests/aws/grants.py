"""Warehouses and grants for tests."""

from pangolin.plugin import Access, Grant, Warehouse

ROLE = "arn:aws:iam::123456789012:role/lake/Vend"


def warehouse(strategy: object = None, /, **options: str) -> Warehouse:
    """Give a warehouse; `region` is the option `s3.region`, and so on."""
    given = {f"s3.{name.replace('_', '-')}": value for name, value in options.items()}
    config = {"type": "s3", "s3.bucket": "bkt", "s3.prefix": "wh", **given}
    return Warehouse("tenant-1", "warehouse-1", "lake", 1, config, vending_strategy=strategy)


def writing(*locations: str) -> Access:
    """Everything below some directories."""
    return Access(locations, locations, locations)


def grant(
    place: Warehouse, access: Access, name: str = "ann@example.org", ttl_s: int = 3600
) -> Grant:
    """Give a grant to a principal."""
    return Grant(place, access, f"id-of-{name}", name, ttl_s)
