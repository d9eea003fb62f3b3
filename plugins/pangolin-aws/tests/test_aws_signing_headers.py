"""Headers and bodies: which are signed, and which could change what a request does."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from pangolin_aws.clients import Key
from pangolin_aws.place import place_of
from pangolin_aws.signing import sign_request

from pangolin.plugin import Forbidden, Signed, SignRequest

from .grants import warehouse, writing
from .signing import asking, deleting

HOST = "https://bkt.s3.eu-west-1.amazonaws.com"
FILE = f"{HOST}/wh/a/f"
BATCH = f"{HOST}/?delete"
A = "s3://bkt/wh/a"
SSE = "x-amz-server-side-encryption"
KMS_KEY = "arn:aws:kms:eu-west-1:1:key/k"


def sign(
    request: SignRequest, *, scoped: bool = False, config: dict[str, str] | None = None
) -> Signed:
    place = place_of({**warehouse(region="eu-west-1").config, **(config or {})})
    key, now = Key("AKIA1", "secret", "token"), datetime.now(UTC)
    return sign_request(request, place, writing(A), (), key, scoped=scoped, now=now)


def rule_of(request: SignRequest, **more: object) -> str:
    with pytest.raises(Forbidden) as raised:
        sign(request, **more)  # type: ignore[arg-type]
    return str(raised.value.details["rule"])


def with_header(name: str, *values: str) -> SignRequest:
    return SignRequest("eu-west-1", FILE, "PUT", {name: values})


@pytest.mark.parametrize(
    "name",
    [
        "x-amz-copy-source",
        "x-amz-copy-source-range",
        "x-amz-copy-source-if-match",
        "x-amz-acl",
        "x-amz-grant-read",
        "x-amz-grant-full-control",
        "x-amz-object-lock-mode",
        "x-amz-object-lock-legal-hold",
        "x-amz-tagging",
        "x-amz-tagging-directive",
        "x-amz-bypass-governance-retention",
        "x-amz-website-redirect-location",
        "x-amz-mfa",
        "x-amz-rename-source",
        "x-amz-write-offset-bytes",
        "x-amz-request-payer",
        "x-amz-metadata-directive",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-something-new",
        "x-amz-te",
        "x-rgw-copy-source",
        "x-goog-copy-source",
        "x-http-method-override",
        "x-forwarded-host",
        "content-range",
        "X-Amz-Acl",
    ],
)
def test_a_header_that_could_change_the_request_is_refused(name: str) -> None:
    assert rule_of(with_header(name, "x")) == "header"


@pytest.mark.parametrize(
    "name", ["x-amz-meta-a", "content-type", "if-match", "x-amz-checksum-crc32"]
)
def test_a_header_that_means_something_is_signed(name: str) -> None:
    signed = sign(with_header(name, "x"))
    assert signed.headers[name] == ("x",)
    assert f"{name};" in signed.headers["authorization"][0]


@pytest.mark.parametrize(
    "name", ["range", "user-agent", "amz-sdk-request", "expect", "traceparent", "x-amzn-trace-id"]
)
def test_a_header_of_the_transport_is_not_signed(name: str) -> None:
    signed = sign(with_header(name, "x"))
    assert name not in signed.headers
    assert name not in signed.headers["authorization"][0]


# As the S3 client of the AWS SDK for Java 2.44 to 2.54 sends them for Iceberg's S3FileIO.
JAVA = {
    "amz-sdk-invocation-id": ("6f9f3c1e-0d2b-4f0e-9c57-1c2d3e4f5a6b",),
    "amz-sdk-request": ("attempt=1; max=4",),
    "user-agent": ("aws-sdk-java/2.44.4 md/io#sync md/http#Apache",),
}
TE = {"x-amz-te": ("append-md5",)}
CRC = "x-amz-checksum-crc32"
PARTS = {"x-amz-checksum-algorithm": ("CRC32",), "x-amz-checksum-type": ("COMPOSITE",)}


@pytest.mark.parametrize(
    ("method", "uri", "headers"),
    [
        ("GET", FILE, TE | {"range": ("bytes=0-",)}),
        ("GET", FILE, TE | {"range": ("bytes=4-99",), "x-amz-checksum-mode": ("ENABLED",)}),
        ("GET", FILE, TE | {"if-match": ('"0cc175b9"',)}),
        ("HEAD", FILE, {"x-amz-checksum-mode": ("ENABLED",)}),
        ("PUT", FILE, {"content-type": ("application/octet-stream",), "content-md5": ("x",)}),
        ("PUT", FILE, {"x-amz-sdk-checksum-algorithm": ("CRC32",), CRC: ("AAAAAA==",)}),
        ("PUT", FILE, {"content-encoding": ("aws-chunked",), "x-amz-trailer": (CRC,)}),
        ("POST", f"{FILE}?uploads", PARTS),
    ],
)
def test_what_the_java_sdk_sends_is_signed(
    method: str, uri: str, headers: dict[str, tuple[str, ...]]
) -> None:
    signed = sign(SignRequest("eu-west-1", uri, method, headers | JAVA))
    _, _, names = signed.headers["authorization"][0].partition("SignedHeaders=")
    expected = {name for name in headers if name != "range"}
    assert expected <= set(names.partition(",")[0].split(";"))
    assert all(signed.headers[name] == headers[name] for name in expected)


@pytest.mark.parametrize("values", [("trailers",), ("append-md5", "append-md5"), ("",), ()])
def test_another_transfer_than_the_java_sdks_is_refused(values: tuple[str, ...]) -> None:
    assert rule_of(SignRequest("eu-west-1", FILE, "GET", {"x-amz-te": values})) == "header"


def test_a_header_twice_or_of_two_lines_is_refused() -> None:
    assert rule_of(with_header("content-type", "a", "b")) == "header"
    assert rule_of(with_header("content-type", "a\r\nx-amz-acl: public-read")) == "header"
    assert rule_of(with_header("x-amz-meta-a", "ü")) == "header"


def test_credentials_of_the_client_are_replaced() -> None:
    given = {"authorization": "AWS4-HMAC-SHA256 theirs", "x_amz_security_token": "theirs"}
    signed = sign(asking("PUT", FILE, **given, x_amz_date="20200101T000000Z"))
    assert "theirs" not in str(dict(signed.headers))
    assert signed.headers["x-amz-security-token"] == ("token",)
    assert signed.headers["x-amz-date"][0] > "2026"


@pytest.mark.parametrize(
    "said", ["b" * 64, "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
)
def test_the_clients_hash_of_its_payload_is_signed(said: str) -> None:
    assert sign(asking("PUT", FILE, x_amz_content_sha256=said)).headers["x-amz-content-sha256"] == (
        said,
    )


def test_a_payload_whose_chunks_would_need_our_key_is_refused() -> None:
    said = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert rule_of(asking("PUT", FILE, x_amz_content_sha256=said)) == "header"


@pytest.mark.parametrize(
    ("config", "headers", "fine"),
    [
        ({}, {SSE: "AES256"}, True),
        ({}, {SSE: "aws:kms"}, False),
        ({}, {f"{SSE}-aws-kms-key-id": KMS_KEY}, False),
        ({"s3.sse.key": KMS_KEY}, {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KMS_KEY}, True),
        ({"s3.sse.key": KMS_KEY}, {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": f"{KMS_KEY}2"}, False),
        ({"s3.sse.type": "kms"}, {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": "any"}, False),
        ({"s3.sse.type": "kms"}, {SSE: "aws:kms"}, True),
        ({"s3.sse.type": "s3"}, {SSE: "aws:kms:dsse"}, False),
        ({}, {SSE: ""}, False),
    ],
)
def test_the_encryption_is_the_warehouses(
    config: dict[str, str], headers: dict[str, str], fine: bool
) -> None:
    request = SignRequest("eu-west-1", FILE, "PUT", {name: (v,) for name, v in headers.items()})
    if fine:
        sign(request, config=config)
    else:
        assert rule_of(request, config=config) == "encryption"


def test_a_batch_of_deletes_is_signed_with_its_body() -> None:
    body = deleting("wh/a/f", "wh/a/ü &amp; b")
    signed = sign(asking("POST", BATCH, body, content_md5="x"))
    assert signed.headers["x-amz-content-sha256"] == (sha256(body.encode()).hexdigest(),)
    declared = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    sign(asking("POST", BATCH, declared))
    sign(asking("POST", BATCH, body.replace("</Delete>", "<Quiet>true</Quiet></Delete>")))


def test_a_batch_of_deletes_without_its_body_needs_a_session_of_the_table() -> None:
    assert rule_of(asking("POST", BATCH)) == "delete-body"
    sign(asking("POST", BATCH), scoped=True)


def _object(inner: str) -> str:
    return f"<Delete><Object>{inner}</Object></Delete>"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "delete-body"),
        ("not xml", "delete-body"),
        ("<Delete/>", "delete-body"),
        (deleting(*(f"wh/a/{n}" for n in range(1001))), "delete-body"),
        (deleting("wh/a/f", "wh/b/f"), "outside"),
        (deleting("wh/a"), "outside"),
        (deleting(" wh/a/f"), "outside"),
        (deleting("wh/a/../b"), "key"),
        (deleting("wh/a/%2e%2e/b"), "key"),
        (deleting("wh/a/"), "key"),
        (deleting("wh/a/&#10;"), "key"),
        (deleting(""), "delete-body"),
        (_object("<Key>wh/a/f</Key><Key>wh/b/f</Key>"), "delete-body"),
        (_object("<Key>wh/a/f</Key><VersionId>1</VersionId>"), "delete-body"),
        (_object("<Key>wh/a/<b/>f</Key>"), "delete-body"),
        (_object("<Key>wh/a/<!-- x -->f</Key>"), "delete-body"),
        (_object("<Key><![CDATA[wh/a/f]]></Key>"), "delete-body"),
        (_object("<Key>wh/a/<?x?>f</Key>"), "delete-body"),
        (_object("<key>wh/a/f</key>"), "delete-body"),
        (_object('<Key xmlns="urn:x">wh/a/f</Key>'), "delete-body"),
        ("<Delete><Thing/></Delete>", "delete-body"),
        ("<Remove><Object><Key>wh/a/f</Key></Object></Remove>", "delete-body"),
        (f'<!DOCTYPE x [<!ENTITY e "wh/b">]>{_object("<Key>&e;</Key>")}', "delete-body"),
        (_object("<Key>&unknown;</Key>"), "delete-body"),
        (f'<?xml version="1.0" encoding="utf-7"?>{deleting("wh/a/f")}', "delete-body"),
        (f'<?xml version="1.0" encoding="utf-16"?>{deleting("wh/a/f")}', "delete-body"),
        (f"\ufeff{deleting('wh/b/f')}", "outside"),
        ("<Delete>" * 2000, "delete-body"),
    ],
)
def test_a_batch_of_deletes_that_says_more_than_keys_is_refused(body: str, rule: str) -> None:
    for scoped in (False, True):
        assert rule_of(asking("POST", BATCH, body), scoped=scoped) == rule
