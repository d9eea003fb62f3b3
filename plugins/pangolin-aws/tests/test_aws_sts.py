"""What is asked of STS, word for word, and what its answers mean."""

import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pangolin_aws.vendors import vendors

from pangolin.plugin import (
    Access,
    BadRequest,
    CredentialVendor,
    Forbidden,
    PangolinError,
    Settings,
    Unavailable,
    Vended,
    Warehouse,
)
from tests.servers.loopback import Said
from tests.servers.seaweed import free_ports
from tests.servers.sts import NotingSts, noting, refusal

from .grants import ROLE, grant, warehouse, writing

A = "s3://bkt/wh/a"


@pytest.fixture(scope="module")
def server() -> Iterator[NotingSts]:
    with noting() as found:
        yield found


@pytest.fixture
def sts(server: NotingSts) -> NotingSts:
    for noted in (server.asked, server.next, server.seen):
        noted.clear()
    return server


@cache
def vendor(strategy: str = "AwsSts", **settings: object) -> CredentialVendor:
    found = {v.strategies[0]: v for v in vendors(Settings(**settings))}  # type: ignore[arg-type]
    return found[strategy]


def place(sts: NotingSts, strategy: object = None, **options: str) -> Warehouse:
    given = {"endpoint": sts.url, "region": "eu-west-1", "role_arn": ROLE}
    given |= {"access_key_id": "AKIABASE", "secret_access_key": "base-secret"}
    return warehouse(strategy, **{**given, **options})


def vend(sts: NotingSts, ttl_s: int = 3600, **options: str) -> Vended:
    return vendor().vend(grant(place(sts, **options), writing(A), ttl_s=ttl_s))


def test_a_role_is_assumed_with_a_policy_a_name_and_a_duration(sts: NotingSts) -> None:
    vend(sts, external_id="chosen-id")
    (form,) = sts.forms
    assert form["Action"] == "AssumeRole"
    assert form["RoleArn"] == ROLE
    assert form["DurationSeconds"] == "3600"
    assert form["ExternalId"] == "chosen-id"
    assert form["RoleSessionName"].endswith("-ann@example.org")
    assert json.loads(form["Policy"])["Statement"][-1]["Action"] == "sts:*"
    assert not any(name.startswith("Tags") for name in form)
    assert "AKIABASE" in sts.asked[0].headers["Authorization"]
    assert "/eu-west-1/sts/" in sts.asked[0].headers["Authorization"]


def test_clients_get_the_session_its_expiry_and_the_place(sts: NotingSts) -> None:
    vended = vend(sts, ttl_s=1800)
    assert vended.config == {
        "s3.access-key-id": "ASIAVENDED",
        "s3.secret-access-key": "vended-secret",
        "s3.session-token": "vended-token",
        "s3.session-token-expires-at-ms": str(vended.expires_at_ms),
        "expiration-time": str(vended.expires_at_ms),
        "s3.region": "eu-west-1",
        "client.region": "eu-west-1",
        "s3.endpoint": sts.url,
        "s3.path-style-access": "true",
    }
    assert vended.details["packed-policy-percent"] == "42"
    assert "secret" not in repr(vended)
    assert "vended-token" not in str(vended.details)


def test_members_of_the_strategy_win_over_the_options(sts: NotingSts) -> None:
    other = {"role_arn": "arn:aws:iam::210987654321:role/Other", "external_id": "member-id"}
    where = place(sts, {"AwsSts": other}, external_id="option-id")
    vendor().vend(grant(where, writing(A)))
    assert sts.forms[0]["RoleArn"] == other["role_arn"]
    assert sts.forms[0]["ExternalId"] == "member-id"


def test_tags_are_sent_where_they_are_asked_for(sts: NotingSts) -> None:
    vend(sts, session_tags="true")
    assert sts.forms[0]["Tags.member.1.Key"] == "pangolin-tenant"
    assert sts.forms[0]["Tags.member.1.Value"] == "tenant-1"


def test_an_identity_that_is_a_role_gets_an_hour_and_is_not_asked_twice(sts: NotingSts) -> None:
    (aws, *_), where = vendors(Settings()), place(sts)
    sts.next = [refusal(400, "ValidationError")]
    aws.vend(grant(where, writing(A), ttl_s=7200))
    aws.vend(grant(where, writing(A), ttl_s=7200))
    assert [form["DurationSeconds"] for form in sts.forms] == ["7200", "3600", "3600"]


def test_what_is_refused_for_an_hour_too_is_not_asked_again(sts: NotingSts) -> None:
    sts.next = [refusal(400, "ValidationError")]
    with pytest.raises(BadRequest, match="ValidationError"):
        vend(sts)
    assert len(sts.forms) == 1


@pytest.mark.parametrize(("ttl_s", "asked"), [(60, "900"), (43200, "43200"), (99999, "43200")])
def test_durations_stay_within_what_sts_takes(sts: NotingSts, ttl_s: int, asked: str) -> None:
    vend(sts, ttl_s=ttl_s)
    assert sts.forms[0]["DurationSeconds"] == asked


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        (refusal(403, "AccessDenied"), Forbidden, "AccessDenied"),
        (refusal(403, "InvalidClientTokenId"), Forbidden, "InvalidClientTokenId"),
        (refusal(400, "ExpiredTokenException"), Forbidden, "ExpiredTokenException"),
        (refusal(400, "MalformedPolicyDocument"), BadRequest, "MalformedPolicyDocument"),
        (refusal(400, "PackedPolicyTooLarge"), BadRequest, f"one session policy: {A}"),
        (refusal(404, "NoSuchThing"), BadRequest, r"give s3\.sts-endpoint"),
        (Said(400, b"<Error><Code>InvalidArgument</Code></Error>"), BadRequest, "InvalidArgument"),
        (Said(403, b"<Error><RequestId>1</RequestId></Error>"), Forbidden, "status 403"),
        (Said(403, b""), Unavailable, "is not STS"),
        (Said(200, b"<html/>"), Unavailable, "is not STS"),
        (Said(200, b"<html>not even", {"Content-Type": "text/html"}), Unavailable, "is not STS"),
    ],
)
def test_what_sts_says_is_translated_and_not_repeated(
    sts: NotingSts, said: Said, kind: type[PangolinError], text: str
) -> None:
    sts.next = [said]
    with pytest.raises(kind, match=text) as raised:
        vend(sts)
    assert "secret-word" not in raised.value.message


@pytest.mark.parametrize("said", [refusal(500, "InternalFailure"), refusal(400, "Throttling")])
def test_what_may_pass_is_tried_three_times_and_then_unavailable(
    sts: NotingSts, said: Said
) -> None:
    sts.next = [said] * 3
    with pytest.raises(Unavailable):
        vend(sts)
    assert len(sts.forms) == 3


def test_an_answer_that_sends_elsewhere_is_not_followed(sts: NotingSts) -> None:
    sts.next = [Said(302, headers={"Location": f"{sts.url}/elsewhere"})] * 3
    with pytest.raises(PangolinError):
        vend(sts)
    assert set(sts.seen) == {"/"}


def test_an_sts_that_is_away_is_unavailable() -> None:
    (port,) = free_ports(1)
    away = NotingSts()
    away.url = f"http://127.0.0.1:{port}"
    with pytest.raises(Unavailable, match="STS did not answer"):
        vend(away)


def test_an_address_that_warehouses_may_not_use_is_not_called(sts: NotingSts) -> None:
    closed = vendor(endpoint_networks=("none",))
    with pytest.raises(BadRequest, match=r"^s3\.sts-endpoint leads to an address"):
        closed.vend(grant(place(sts), writing(A)))
    assert not sts.asked


def test_an_environment_without_credentials_is_named(
    sts: NotingSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unavailable, match=r"no credentials of its own .*: set AWS_ACCESS_KEY_ID"):
        vend(sts, access_key_id="", secret_access_key="")


def test_the_environment_is_not_mixed_with_a_warehouses_key(
    sts: NotingSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "someone-elses")
    vend(sts)
    assert "X-Amz-Security-Token" not in sts.asked[0].headers


def test_the_servers_identity_says_the_id_that_was_made(
    sts: NotingSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASERVER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "server-secret")
    vend(sts, access_key_id="", secret_access_key="")
    assert sts.forms[0]["ExternalId"].startswith("pangolin-")
    assert "AKIASERVER" in sts.asked[0].headers["Authorization"]


def test_a_web_identity_sends_the_token_and_no_signature(
    sts: NotingSts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("header.claims.signature\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    aws = vendor("AwsWebIdentity", server_identity=True, web_identity_endpoints=(sts.url,))
    vended = aws.vend(grant(place(sts), Access(read=(A,))))
    (form,) = sts.forms
    assert form["Action"] == "AssumeRoleWithWebIdentity"
    assert form["WebIdentityToken"] == "header.claims.signature"
    assert "ExternalId" not in form
    assert "Authorization" not in sts.asked[0].headers
    assert vended.config["s3.session-token"] == "vended-token"


def test_no_secret_is_in_an_info_log(sts: NotingSts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    vend(sts)
    assert not any(word in caplog.text for word in ("vended-secret", "vended-token", "base-secret"))
