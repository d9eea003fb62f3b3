"""What a client can do with a request after it was signed, on a store that is not strict.

SeaweedFS does not look at the hash of a body. Signing with the table's session makes that harmless;
signing with the warehouse's key does not, which the self-test says.
"""

import http.client
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pangolin_aws.store import open_store
from pangolin_aws.vendors import vendors

from pangolin.plugin import BadRequest, BucketObjects, Forbidden, Settings, Signed
from tests.servers.seaweed import Seaweed

from .grants import grant, on_seaweed, writing
from .signing import asking, deleting


class Victim:
    """A table, a sibling with a secret, and a client that has requests signed for the table."""

    def __init__(self, server: Seaweed, **options: str) -> None:
        self.server = server
        self.place = on_seaweed(server, **options)
        self.vendor: Any = vendors(Settings())[3]
        self.key = f"wh/{uuid4().hex}"
        self.location = f"s3://{server.bucket}/{self.key}"
        self.secret = f"{self.location}2/secret"
        self.owner: BucketObjects = open_store(self.place, Settings())
        self.owner.put(self.secret, b"secret")
        self.grant = grant(self.place, writing(self.location))
        self.session = self.vendor.session(self.grant)

    def uri(self, path: str) -> str:
        return f"{self.server.endpoint}/{self.server.bucket}{path}"

    def sign(self, method: str, path: str, body: str | None = None, **headers: str) -> Signed:
        request = asking(method, self.uri(path), body, "us-east-1", **headers)
        signed: Signed = self.vendor.sign(self.grant, request, (), self.session)
        return signed

    def send(self, method: str, signed: Signed, body: str = "", **added: str) -> int:
        parts = urlsplit(signed.uri)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        headers = {name: values[0] for name, values in signed.headers.items()}
        headers |= {name.replace("_", "-"): value for name, value in added.items()}
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body.encode(), headers)
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    def has_secret(self) -> bool:
        return self.owner.head(self.secret) is not None


@pytest.fixture
def scoped(seaweed: Seaweed) -> Victim:
    return Victim(seaweed)


@pytest.fixture
def keyed(seaweed: Seaweed) -> Victim:
    return Victim(seaweed, role_arn="")


@pytest.fixture(params=["session", "key"])
def victim(request: pytest.FixtureRequest, seaweed: Seaweed) -> Victim:
    return Victim(seaweed, **({} if request.param == "session" else {"role_arn": ""}))


def test_a_signed_request_is_accepted(victim: Victim) -> None:
    path = f"/{victim.key}/f"
    assert victim.send("PUT", victim.sign("PUT", path), "x") == 200
    assert victim.send("GET", victim.sign("GET", path)) == 200
    assert victim.send("GET", victim.sign("GET", path), range="bytes=0-0") == 206
    assert victim.send("DELETE", victim.sign("DELETE", path)) == 204


def test_a_copy_source_that_is_added_is_not_obeyed(victim: Victim) -> None:
    source = f"/{victim.server.bucket}/{victim.key}2/secret"
    signed = victim.sign("PUT", f"/{victim.key}/stolen")
    assert victim.send("PUT", signed, x_amz_copy_source=source) == 403
    assert victim.owner.head(f"{victim.location}/stolen") is None


def test_an_acl_that_is_added_is_not_obeyed(victim: Victim) -> None:
    signed = victim.sign("PUT", f"/{victim.key}/f")
    assert victim.send("PUT", signed, "x", x_amz_acl="public-read") == 403


@pytest.mark.parametrize("prefix", ["", "wh/", "wh"])
def test_a_list_that_is_widened_is_refused(victim: Victim, prefix: str) -> None:
    signed = victim.sign("GET", f"?list-type=2&prefix={victim.key}/")
    wider = Signed(signed.uri.replace(f"{victim.key}/", prefix), signed.headers)
    assert victim.send("GET", signed) == 200
    assert victim.send("GET", wider) == 403


def test_a_signature_is_of_no_use_for_another_key_or_method(victim: Victim) -> None:
    signed = victim.sign("GET", f"/{victim.key}/f")
    other = Signed(victim.uri(f"/{victim.key}2/secret"), signed.headers)
    assert victim.send("GET", other) == 403
    assert victim.send("DELETE", other) == 403


def test_a_body_that_is_swapped_spares_other_tables_under_a_session(scoped: Victim) -> None:
    signed = scoped.sign("POST", "?delete", deleting(f"{scoped.key}/f"))
    scoped.send("POST", signed, deleting(f"{scoped.key}2/secret"))
    assert scoped.has_secret()


def test_a_body_that_was_not_shown_spares_other_tables_under_a_session(scoped: Victim) -> None:
    signed = scoped.sign("POST", "?delete")
    scoped.send("POST", signed, deleting(f"{scoped.key}2/secret"))
    assert scoped.has_secret()


def test_a_body_that_is_swapped_is_obeyed_under_the_key_as_the_self_test_says(
    keyed: Victim,
) -> None:
    signed = keyed.sign("POST", "?delete", deleting(f"{keyed.key}/f"))
    keyed.send("POST", signed, deleting(f"{keyed.key}2/secret"))
    assert not keyed.has_secret()
    checks = {check.name: check for check in keyed.vendor.check(keyed.place, f"{keyed.location}3")}
    assert checks["body"].result == "failed"


def test_under_the_key_a_body_must_be_shown(keyed: Victim) -> None:
    with pytest.raises(Forbidden, match="needs its body"):
        keyed.sign("POST", "?delete")


def test_a_warehouse_with_a_role_signs_with_nothing_but_a_session(scoped: Victim) -> None:
    scoped.session = None
    with pytest.raises(BadRequest, match="with a session"):
        scoped.sign("GET", f"/{scoped.key}/f")
