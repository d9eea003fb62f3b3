"""Amazon's own answers to what IAM refuses, and a second opinion on our signatures.

moto ignores session policies: nothing here proves that a credential is narrow.
"""

from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pangolin_aws.vendors import vendors

from pangolin.plugin import Forbidden, Settings, Vended, Warehouse
from tests.servers.moto import BUCKET, EXTERNAL_ID, Moto, running_moto

from .grants import grant, warehouse, writing
from .signing import asking

A = f"s3://{BUCKET}/wh/a"


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as server:
        yield server


def place(moto: Moto, **options: str) -> Warehouse:
    given = {
        "bucket": BUCKET,
        "endpoint": moto.endpoint,
        "region": "us-east-1",
        "access_key_id": moto.access_key,
        "secret_access_key": moto.secret_key,
        "role_arn": moto.role_arn,
        "external_id": EXTERNAL_ID,
    }
    return warehouse(**{name: value for name, value in {**given, **options}.items() if value})


def vend(moto: Moto, **options: str) -> Vended:
    return vendors(Settings())[0].vend(grant(place(moto, **options), writing(A)))


def test_a_role_is_assumed_with_its_external_id(moto: Moto) -> None:
    vended = vend(moto)
    assert vended.config["s3.access-key-id"].startswith("ASIA")
    assert vended.config["s3.session-token"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"external_id": "wrong-id"}, "AccessDenied"),
        ({"access_key_id": "AKIAUNKNOWN"}, "InvalidClientTokenId"),
        ({"secret_access_key": "wrong-secret"}, "SignatureDoesNotMatch"),
    ],
)
def test_what_iam_refuses_is_forbidden_by_its_code(
    moto: Moto, options: dict[str, str], code: str
) -> None:
    with pytest.raises(Forbidden, match=code) as raised:
        vend(moto, **options)
    assert moto.secret_key not in raised.value.message


def test_signed_requests_are_accepted(moto: Moto) -> None:
    vendor: Any = vendors(Settings())[3]
    where = place(moto, role_arn="", external_id="")
    given = grant(where, writing(A))
    for method, key in (
        ("PUT", "p%3Da%20b/%C3%BC"),
        ("GET", "p%3Da%20b/%C3%BC"),
        ("HEAD", "f"),
        ("DELETE", "f"),
    ):
        uri = f"{moto.endpoint}/{BUCKET}/wh/a/{key}"
        signed = vendor.sign(given, asking(method, uri, region="us-east-1"), (), None)
        headers = {name: values[0] for name, values in signed.headers.items()}
        request = Request(uri, b"x" if method == "PUT" else None, headers, method=method)
        try:
            with urlopen(request, timeout=5) as answer:
                assert answer.status in (200, 204)
        except HTTPError as error:
            assert (method, error.code) == ("HEAD", 404)


def test_a_signature_of_another_key_is_not_accepted(moto: Moto) -> None:
    vendor: Any = vendors(Settings())[3]
    where = place(moto, role_arn="", external_id="", secret_access_key="wrong-secret")
    uri = f"{moto.endpoint}/{BUCKET}/wh/a/f"
    signed = vendor.sign(grant(where, writing(A)), asking("GET", uri, region="us-east-1"), (), None)
    headers = {name: values[0] for name, values in signed.headers.items()}
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(uri, headers=headers), timeout=5)
