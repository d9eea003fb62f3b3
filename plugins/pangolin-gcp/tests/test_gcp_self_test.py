"""The self-test against fake-gcs-server behind a gate that enforces boundaries by CEL."""

from uuid import uuid4

from pangolin_gcp.options import location_of
from pangolin_gcp.vendor import GcpVendor

from pangolin.plugin import Warehouse
from tests.servers.gcp import TARGET

from .conftest import LOCAL, Cloud

NARROW = [
    "server",
    "mint",
    "inside",
    "sibling-read",
    "sibling-write",
    "sibling-list",
    "parent-list",
    "delete",
    "read-only-mint",
    "read-only-write",
]


def checked(cloud: Cloud, strategy: object = None, **more: str) -> dict[str, str]:
    options = cloud.options(prefix="lake", **more)
    made = Warehouse("t", "id", "w", 1, options, True, strategy)
    probe = f"{location_of(options)}/probe-{uuid4().hex}"
    found = GcpVendor(LOCAL, cloud.transport).check(made, probe)
    return {check.name: check.result for check in found}


def test_a_bucket_with_uniform_access_passes_everything(cloud: Cloud) -> None:
    assert checked(cloud) == dict.fromkeys(["uniform-access", *NARROW], "passed")


def test_so_does_one_that_is_reached_by_impersonation(cloud: Cloud) -> None:
    assert set(checked(cloud, impersonate=TARGET).values()) == {"passed"}


def test_a_bucket_without_uniform_access_fails(cloud: Cloud) -> None:
    cloud.gate.uniform = False
    found = checked(cloud)
    assert found["uniform-access"] == found["inside"] == "failed"


def test_a_boundary_that_nobody_enforces_is_found_out(cloud: Cloud) -> None:
    cloud.gate.enforces = False
    found = checked(cloud)
    failed = {name for name, result in found.items() if result == "failed"}
    assert failed == {
        "sibling-read",
        "sibling-write",
        "sibling-list",
        "parent-list",
        "delete",
        "read-only-write",
    }


def test_an_account_that_may_not_impersonate_fails_with_the_role_to_grant(cloud: Cloud) -> None:
    cloud.gate.impersonators.clear()
    options = cloud.options(impersonate=TARGET)
    made = Warehouse("t", "id", "w", 1, options, True, None)
    *_, last = GcpVendor(LOCAL, cloud.transport).check(made, f"{location_of(options)}/probe")
    assert (last.name, last.result) == ("server", "failed")
    assert "serviceAccountTokenCreator" in last.remedy


def test_whole_tokens_are_not_narrow_and_the_check_says_so(cloud: Cloud) -> None:
    assert checked(cloud, {"GcpToken": {}}) == {"narrow": "skipped"}
