"""Warehouses whose secrets are known, and a short way to call the management API."""

from werkzeug.test import TestResponse

from pangolin.services.context.context import Context
from pangolin.store.api import Record
from pangolin.store.kinds import WAREHOUSE
from tests.answers import made
from tests.logged import logged
from tests.worlds.management import call, catalog, root, warehouse

__all__ = ["call", "catalog", "logged", "root", "warehouse"]

SECRET = "canary/8d1f0c+wJalrXUtnFEMI/K7MDENG0abcd"
KEY = "s3.secret-access-key"
ROLE = "arn:aws:iam::123456789012:role/lake/Vend"
S3 = {
    "type": "s3",
    "s3.bucket": "my-bucket",
    "s3.region": "eu-west-1",
    "s3.access-key-id": "AKIAEXAMPLE",
    "s3.secret-access-key": SECRET,
}


def refused(answer: TestResponse, status: int = 400) -> str:
    """Check that an answer is an error, and return its message."""
    return str(made(answer, status)["error"]["message"])


def record(ctx: Context, name: str = "s") -> Record:
    """Read a warehouse's record."""
    found = ctx.store.get(WAREHOUSE, (name,))
    assert found is not None
    return found
