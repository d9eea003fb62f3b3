"""Warehouses whose secrets are known, and a short way to call the management API."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.services.context.context import Context
from pangolin.store.api import Record
from pangolin.store.kinds import WAREHOUSE

Call = Callable[..., TestResponse]

SECRET = "canary/8d1f0c+wJalrXUtnFEMI/K7MDENG0abcd"
ROLE = "arn:aws:iam::123456789012:role/lake/Vend"
S3 = {
    "type": "s3",
    "s3.bucket": "my-bucket",
    "s3.region": "eu-west-1",
    "s3.access-key-id": "AKIAEXAMPLE",
    "s3.secret-access-key": SECRET,
}


@pytest.fixture
def call(client: FlaskClient) -> Call:
    """Call a path below `/api/v1` as root."""

    def call(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(f"/api/v1{path}", method=method, json=body, headers=sent)

    return call


def made(answer: TestResponse, status: int = 201) -> dict[str, Any]:
    """Check an answer's status and give its body."""
    assert answer.status_code == status, answer.text
    return dict(answer.get_json())


def refused(answer: TestResponse, status: int = 400) -> str:
    """Check that an answer is an error, and give its message."""
    return str(made(answer, status)["error"]["message"])


def record(ctx: Context, name: str = "s") -> Record:
    """Read a warehouse's record."""
    found = ctx.store.get(WAREHOUSE, (name,))
    assert found is not None
    return found
