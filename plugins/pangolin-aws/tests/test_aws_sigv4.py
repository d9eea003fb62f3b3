"""Our signatures against those of Amazon's SDK."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from pangolin_aws.clients import Key
from pangolin_aws.place import place_of
from pangolin_aws.signing import sign_request

from tests.examples import examples

from .grants import warehouse, writing
from .signing import asking

HASH = "a" * 64
PLACE = place_of(warehouse(region="eu-west-1").config)
keys = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20)


def theirs(method: str, uri: str, headers: dict[str, str], key: Key) -> str:
    request: Any = AWSRequest(method=method, url=uri, headers=headers)
    auth = S3SigV4Auth(Credentials(key.id, key.secret, key.token or None), "s3", "eu-west-1")
    request.context["timestamp"] = headers["x-amz-date"]
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return str(auth.signature(text, request))


@pytest.mark.parametrize("token", ["", "a-token/+="])
@examples(100)
@given(name=keys, marker=st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_signatures_are_those_of_amazons_sdk(token: str, name: str, marker: str) -> None:
    name = name.replace("/", "_").replace(".", "_").replace("\\", "_")
    uri = f"https://bkt.s3.eu-west-1.amazonaws.com/wh/a/{quote(name, safe='')}"
    listing = urlencode(
        {"list-type": "2", "prefix": "wh/a/", "start-after": marker}, quote_via=quote, safe=""
    )
    for asked in (uri, f"https://s3.eu-west-1.amazonaws.com/bkt?{listing}"):
        key = Key("AKIA1", "secret", token)
        request = asking("GET", asked, x_amz_content_sha256=HASH, if_match='"e  tag"')
        now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
        signed = sign_request(
            request, PLACE, writing("s3://bkt/wh/a"), (), key, scoped=True, now=now
        )
        sent = {header: values[0] for header, values in signed.headers.items()}
        authorization = sent.pop("authorization")
        assert authorization.rpartition("Signature=")[2] == theirs("GET", asked, sent, key)
        assert "20261125/eu-west-1/s3/aws4_request" in authorization
