"""What is signed, and what is refused by which rule; no store is needed to say no."""

from datetime import UTC, datetime

import pytest
from pangolin_aws.clients import Key
from pangolin_aws.place import place_of
from pangolin_aws.signing import sign_request

from pangolin.plugin import Access, Forbidden, Signed, SignRequest

from .grants import warehouse, writing
from .signing import asking, deleting

HOST = "https://bkt.s3.eu-west-1.amazonaws.com"
FILE = f"{HOST}/wh/a/f"
LIST = f"{HOST}/?list-type=2&prefix=wh%2Fa%2F"
A = "s3://bkt/wh/a"
METADATA = f"{A}/metadata/v3.json"
READ = Access(read=(A,))


def sign(
    request: SignRequest,
    access: Access | None = None,
    *,
    scoped: bool = False,
    protected: tuple[str, ...] = (),
    **options: str,
) -> Signed:
    place = place_of(warehouse(**{"region": "eu-west-1", **options}).config)
    key, now = Key("AKIA1", "secret"), datetime.now(UTC)
    given = writing(A) if access is None else access
    return sign_request(request, place, given, protected, key, scoped=scoped, now=now)


def refused(request: SignRequest, rule: str, access: Access | None = None, **more: str) -> None:
    with pytest.raises(Forbidden, match=r"^this request is not signed: ") as raised:
        sign(request, access, **more)
    assert raised.value.details["rule"] == rule


@pytest.mark.parametrize(
    ("method", "query", "right"),
    [
        ("GET", "", "read"),
        ("HEAD", "", "read"),
        ("GET", "?versionId=1&partNumber=2", "read"),
        ("GET", "?x-id=GetObject", "read"),
        ("GET", "?uploadId=u&max-parts=5", "write"),
        ("PUT", "", "write"),
        ("PUT", "?partNumber=1&uploadId=u", "write"),
        ("POST", "?uploads", "write"),
        ("POST", "?uploads=", "write"),
        ("POST", "?uploadId=u", "write"),
        ("DELETE", "?uploadId=u", "write"),
        ("DELETE", "", "delete"),
    ],
)
def test_each_operation_needs_its_right(method: str, query: str, right: str) -> None:
    request = asking(method, FILE + query)
    sign(request, Access(**{right: (A,)}))
    others = {name: (A,) for name in ("read", "write", "delete") if name != right}
    refused(request, "outside", Access(**others))


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "?acl"),
        ("PUT", "?acl"),
        ("PUT", "?tagging"),
        ("GET", "?torrent"),
        ("PUT", "?retention"),
        ("POST", "?restore"),
        ("POST", "?select&select-type=2"),
        ("DELETE", "?versionId=1"),
        ("DELETE", "?tagging"),
        ("PUT", "?uploadId=u"),
        ("PUT", "?partNumber=1"),
        ("POST", ""),
        ("PATCH", ""),
        ("get", ""),
        ("OPTIONS", ""),
        ("GET", "?response-content-type=text%2Fhtml"),
        ("GET", "?x-id=PutObject"),
        ("PUT", "?delete"),
        ("POST", "?uploads&uploadId=u"),
        ("GET", "?X-Amz-Signature=1"),
    ],
)
def test_an_operation_of_another_kind_is_refused(method: str, query: str) -> None:
    refused(asking(method, FILE + query), "operation")


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", ""),
        ("GET", "?location"),
        ("GET", "?policy"),
        ("PUT", "?policy"),
        ("DELETE", ""),
        ("PUT", ""),
        ("GET", "?versions&prefix=wh%2Fa%2F"),
        ("GET", "?uploads&prefix=wh%2Fa%2F"),
        ("GET", "?prefix=wh%2Fa%2F"),
        ("GET", "?list-type=2"),
        ("HEAD", ""),
        ("GET", "?list-type=2&prefix=wh%2Fa%2F&versions"),
    ],
)
def test_an_operation_on_the_bucket_is_refused(method: str, query: str) -> None:
    refused(asking(method, f"{HOST}/{query}"), "operation")


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("?list-type=1&prefix=wh%2Fa%2F", "query"),
        ("?list-type=2&prefix=wh%2Fa%2F&prefix=", "query"),
        ("?list-type=2&prefix=wh%2Fa%2F&prefix=wh%2Fa%2F", "query"),
        ("?list-type=2&prefix=wh%2Fa%2F;prefix=", "query"),
        ("?list-type=2&prefix=wh/a/+", "query"),
        ("?list-type=2&prefix=wh%2Fa%2F%zz", "encoding"),
        ("?list-type=2&prefix=%ff", "encoding"),
        ("?list-type=2&prefix=", "outside"),
        ("?list-type=2&prefix=wh%2Fa", "outside"),
        ("?list-type=2&prefix=wh%2Fa2%2F", "outside"),
        ("?list-type=2&prefix=%2Fwh%2Fa%2F", "outside"),
        ("?list-type=2&prefix=wh%2Fa%2F..%2Fb%2F", "key"),
        ("?list-type=2&prefix=wh%252Fa%252F", "outside"),
    ],
)
def test_a_list_outside_of_the_table_is_refused(query: str, rule: str) -> None:
    refused(asking("GET", f"{HOST}/{query}"), rule)


def test_a_list_of_the_table_is_signed() -> None:
    sign(asking("GET", LIST), READ)
    more = "&delimiter=%2F&continuation-token=a%2Bb%3D&max-keys=5&encoding-type=url"
    sign(asking("GET", f"{LIST}data%2F{more}&start-after=wh%2Fa%2Fx&fetch-owner=false"), READ)


@pytest.mark.parametrize(
    "path",
    ["wh/a2/f", "wh/b/f", "wh/a", "f", "wh/af", "WH/a/f", "wh%252Fa/f", "wh%2Fa2%2Ff"],
)
def test_a_key_outside_of_the_table_is_refused(path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        refused(asking(method, f"{HOST}/{path}"), "outside")


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("wh/a/../b/f", "key"),
        ("wh/a/%2e%2e/b/f", "key"),
        ("wh/a/..%2Fb/f", "key"),
        ("wh/a/%252e%252e/b/f", "key"),
        ("wh/a/%25252e%25252e%252fb/f", "key"),
        ("wh/a/x%5c..%5cf", "key"),
        ("wh/a/./f", "key"),
        ("wh/a//f", "key"),
        ("wh/a/", "key"),
        ("/wh/a/f", "key"),
        ("wh/a/f%00", "key"),
        ("wh/a/f%0a", "key"),
        ("wh/a/%ff", "encoding"),
        ("wh/a/%c0%ae%c0%ae/f", "encoding"),
        ("wh/a/%zz", "encoding"),
        ("wh/a/f%", "encoding"),
        ("wh/a/f#x", "uri"),
        ("wh/a/f\\x", "uri"),
        ("wh/a/ü", "uri"),
        ("wh/a/f x", "uri"),
        ("wh/a/f\n", "uri"),
        ("wh/a/" + "x" * 9000, "uri"),
    ],
)
def test_a_key_that_can_be_read_two_ways_is_refused(path: str, rule: str) -> None:
    refused(asking("GET", f"{HOST}/{path}"), rule)


@pytest.mark.parametrize(
    "name", ["p=a%253Ab", "%C3%BC", "a%20b", "a%2520b", "a=b", "a%26b", "~-_."]
)
def test_names_that_engines_write_are_signed(name: str) -> None:
    sign(asking("GET", f"{HOST}/wh/a/data/{name}/f"), READ)


@pytest.mark.parametrize(
    ("base", "rule"),
    [
        ("http://bkt.s3.eu-west-1.amazonaws.com", "host"),
        ("https://bkt.s3.eu-west-2.amazonaws.com", "host"),
        ("https://other.s3.eu-west-1.amazonaws.com", "host"),
        ("https://bkt.s3.eu-west-1.amazonaws.com.evil.example", "host"),
        ("https://bkt.s3.eu-west-1.amazonaws.com:8443", "host"),
        ("https://bkt.s3.amazonaws.com", "host"),
        ("https://bkt.s3-eu-west-1.amazonaws.com", "host"),
        ("https://s3.eu-west-1.amazonaws.com/other", "bucket"),
        ("https://s3.eu-west-1.amazonaws.com/bkt2", "bucket"),
        ("https://s3.eu-west-1.amazonaws.com/BKT", "bucket"),
        ("https://user@bkt.s3.eu-west-1.amazonaws.com", "uri"),
        ("https://evil.example@bkt.s3.eu-west-1.amazonaws.com", "uri"),
        ("https://bkt.s3.eu-west-1.amazonaws.com:0", "uri"),
        ("https://[::1", "uri"),
        ("//bkt.s3.eu-west-1.amazonaws.com", "host"),
        ("ftp://bkt.s3.eu-west-1.amazonaws.com", "host"),
    ],
)
def test_a_host_that_is_not_the_warehouses_is_refused(base: str, rule: str) -> None:
    refused(asking("GET", f"{base}/wh/a/f"), rule)


@pytest.mark.parametrize(
    "base",
    [
        HOST,
        f"{HOST}:443",
        "https://BKT.s3.eu-west-1.amazonaws.com",
        "https://s3.eu-west-1.amazonaws.com/bkt",
        "https://bkt.s3.dualstack.eu-west-1.amazonaws.com",
    ],
)
def test_each_of_amazons_ways_to_the_bucket_is_signed(base: str) -> None:
    sign(asking("GET", f"{base}/wh/a/f"), READ)


def test_a_stores_own_endpoint_is_its_only_host() -> None:
    own = {"endpoint": "http://store.example:9000"}
    sign(asking("GET", "http://store.example:9000/bkt/wh/a/f"), READ, **own)
    sign(asking("GET", "http://bkt.store.example:9000/wh/a/f"), READ, **own)
    refused(asking("GET", FILE), "host", READ, **own)
    refused(asking("GET", "http://store.example/bkt/wh/a/f"), "host", READ, **own)


def test_another_region_is_refused() -> None:
    refused(asking("GET", FILE, region="us-east-1"), "region")
    china = asking("GET", "https://bkt.s3.cn-north-1.amazonaws.com.cn/wh/a/f", region="cn-north-1")
    sign(china, READ, region="cn-north-1")


def test_a_host_header_of_another_host_is_refused() -> None:
    refused(asking("GET", FILE, host="other.s3.eu-west-1.amazonaws.com"), "host")
    sign(asking("GET", FILE, host="bkt.s3.eu-west-1.amazonaws.com"), READ)


def test_the_current_metadata_is_neither_replaced_nor_deleted() -> None:
    uri, given = f"{HOST}/wh/a/metadata/v3.json", (METADATA,)
    for method, query in (("PUT", ""), ("DELETE", ""), ("POST", "?uploads")):
        with pytest.raises(Forbidden, match="current metadata"):
            sign(asking(method, uri + query), protected=given)
    body = deleting("wh/a/f", "wh/a/metadata/v3.json")
    with pytest.raises(Forbidden, match="current metadata"):
        sign(asking("POST", f"{HOST}/?delete", body), protected=given)
    sign(asking("GET", uri), protected=given)
    sign(asking("PUT", f"{HOST}/wh/a/metadata/v4.json"), protected=given)


def test_no_access_is_signed_for_nothing() -> None:
    refused(asking("GET", FILE), "outside", Access())
    refused(asking("GET", LIST), "outside", Access())
    refused(asking("POST", f"{HOST}/?delete"), "delete-body", Access())


def test_only_reads_may_be_used_again() -> None:
    assert sign(asking("GET", FILE)).cacheable
    assert sign(asking("HEAD", FILE)).cacheable
    assert not sign(asking("PUT", FILE)).cacheable
    assert not sign(asking("DELETE", FILE)).cacheable
