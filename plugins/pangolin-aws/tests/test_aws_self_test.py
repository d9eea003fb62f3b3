"""The self-test of a warehouse, on a store that is narrow and on gates that are not."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from pangolin_aws.by_role import RoleVendor
from pangolin_aws.probes import RoleProbes
from pangolin_aws.sessions import RoleSessions
from pangolin_aws.sts import Sts
from pangolin_aws.vendors import vendors

from pangolin.plugin import Check, Settings, Warehouse
from tests.servers.front import Upstream, fronting
from tests.servers.seaweed import Seaweed, running
from tests.servers.sts_front import StsFront

from .grants import on_seaweed, warehouse

SETTINGS = Settings()


@contextmanager
def behind(seaweed: Seaweed, front: StsFront) -> Iterator[str]:
    with fronting(front, Upstream(urlsplit(seaweed.endpoint).port or 0)) as port:
        yield f"http://127.0.0.1:{port}"


def proved(place: Warehouse, strategy: int = 0) -> dict[str, Check]:
    sts = Sts(SETTINGS)
    vendor = vendors(SETTINGS)[strategy]
    if strategy == 0:
        vendor = RoleVendor(RoleSessions(SETTINGS, sts), RoleProbes(sts, pause=0.01))
    probe = f"s3://{place.config['s3.bucket']}/wh/.pangolin-probe-1"
    return {check.name: check for check in vendor.check(place, probe)}


def results(checks: dict[str, Check], but: str = "") -> set[str]:
    return {check.result for name, check in checks.items() if name not in but.split()}


def test_a_narrow_warehouse_passes(seaweed: Seaweed) -> None:
    checks = proved(on_seaweed(seaweed))
    assert results(checks, "external-id") == {"passed"}
    assert checks.keys() >= {"inside", "sibling-read", "sibling-write", "sibling-list"}
    assert checks.keys() >= {"read-only-write", "re-assume", "external-id"}
    assert checks["external-id"].result == "skipped"


def test_the_external_id_is_proved_by_three_calls(seaweed: Seaweed) -> None:
    front = StsFront(external_id="right-one")
    with behind(seaweed, front) as url:
        checks = proved(on_seaweed(seaweed, sts_endpoint=url, external_id="right-one"))
    assert results(checks) == {"passed"}


def test_a_role_that_does_not_demand_its_external_id_fails(seaweed: Seaweed) -> None:
    with behind(seaweed, StsFront()) as url:
        checks = proved(on_seaweed(seaweed, sts_endpoint=url, external_id="any-one"))
    assert checks["external-id"].result == "failed"
    assert "sts:ExternalId" in checks["external-id"].remedy


def test_a_role_that_demands_another_external_id_fails_with_the_remedy(seaweed: Seaweed) -> None:
    with behind(seaweed, StsFront(external_id="right-one")) as url:
        checks = proved(on_seaweed(seaweed, sts_endpoint=url, external_id="wrong-one"))
    assert checks["mint"].result == "failed"
    assert checks["mint"].remedy
    assert checks["external-id"].result == "failed"
    assert checks["re-assume"].result == "skipped"


@pytest.fixture(scope="module")
def lenient() -> Iterator[Seaweed]:
    with running(trusted="*") as server:
        yield server


def test_the_policy_itself_keeps_sessions_from_a_role_that_trusts_everybody(
    lenient: Seaweed,
) -> None:
    assert proved(on_seaweed(lenient))["re-assume"].result == "passed"


def test_a_store_whose_sessions_assume_the_role_again_fails(seaweed: Seaweed) -> None:
    with behind(seaweed, StsFront(lets_sessions_in=True)) as url:
        checks = proved(on_seaweed(seaweed, sts_endpoint=url))
    assert checks["re-assume"].result == "failed"
    assert "S3RemoteSigning" in checks["re-assume"].remedy


def test_an_sts_that_is_away_proves_nothing(seaweed: Seaweed) -> None:
    checks = proved(on_seaweed(seaweed, sts_endpoint="http://127.0.0.1:9", external_id="some"))
    assert checks["mint"].result == "failed"
    assert checks["external-id"].result == "unknown"


def test_a_wrong_key_of_the_server_is_said(seaweed: Seaweed) -> None:
    checks = proved(on_seaweed(seaweed, secret_access_key="wrong-secret"))
    assert checks["server"].result == "failed"
    assert "wrong-secret" not in str(checks)


def test_a_static_key_says_that_it_is_not_narrow(seaweed: Seaweed) -> None:
    checks = proved(on_seaweed(seaweed), 2)
    assert checks["inside"].result == "passed"
    assert checks["narrow"].result == "skipped"
    assert "whole bucket" in checks["narrow"].detail


def test_nothing_is_left_of_a_self_test(seaweed: Seaweed) -> None:
    from pangolin_aws.store import open_store

    place = on_seaweed(seaweed)
    proved(place)
    proved(on_seaweed(seaweed, role_arn=""), 3)
    found = open_store(place, SETTINGS).list(f"s3://{seaweed.bucket}/wh/.pangolin-probe-1")
    assert not list(found)


def test_prepared_are_the_id_and_both_policies(seaweed: Seaweed) -> None:
    prepared = vendors(SETTINGS)[0].prepare(on_seaweed(seaweed, external_id="mine"))
    assert prepared is not None
    assert prepared.external_id == "mine"
    assert prepared.documents["trust-policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:user/catalog"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "mine"}},
            }
        ],
    }


def test_the_permissions_are_those_of_the_warehouses_directory() -> None:
    place = warehouse(endpoint="http://127.0.0.1:9", region="us-east-1")
    prepared = vendors(SETTINGS)[0].prepare(place)
    assert prepared is not None
    assert prepared.external_id.startswith("pangolin-")
    permissions = str(prepared.documents["permissions-policy"])
    assert "arn:aws:s3:::bkt/wh/*" in permissions
    assert "'s3:prefix': 'wh/*'" in permissions
    assert "ARN-OF-THE-SERVER" in str(prepared.documents["trust-policy"])


@pytest.mark.parametrize("strategy", [2, 3])
def test_where_there_is_no_role_nothing_is_prepared(strategy: int) -> None:
    assert vendors(SETTINGS)[strategy].prepare(warehouse()) is None


def test_a_store_that_insists_on_what_was_signed_passes_but_for_bodies(seaweed: Seaweed) -> None:
    checks = proved(on_seaweed(seaweed, role_arn=""), 3)
    assert checks["inside"].result == "passed"
    assert checks["added-copy-source"].result == "passed"
    assert checks["added-acl"].result == "passed"
    # This server does not look at the hash of a body.
    assert checks["body"].result == "failed"
    assert "s3.role-arn" in checks["body"].remedy
