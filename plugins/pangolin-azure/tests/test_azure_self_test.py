"""The self-test against Azurite behind a gate that enforces signatures for a directory."""

from dataclasses import replace
from uuid import uuid4

import pytest
from pangolin_azure.account import location_of
from pangolin_azure.checks import check_sas
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import Access, Grant, Vended, Warehouse
from tests.servers.azurite import ACCOUNT_KEY
from tests.servers.entra import Entra

from .conftest import LOCAL, Lake

pytestmark = pytest.mark.integration
NARROW = [
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


def checked(config: dict[str, str], strategy: object = None) -> dict[str, str]:
    made = Warehouse("t", "id", "w", 1, config, True, strategy)
    probe = f"{location_of(config)}/probe-{uuid4().hex}"
    return {check.name: check.result for check in AzureVendor(LOCAL).check(made, probe)}


def test_a_warehouse_with_a_hierarchical_namespace_passes_everything(lake: Lake) -> None:
    expected = dict.fromkeys(["hierarchical-namespace", "server", *NARROW], "passed")
    assert checked(lake.options(prefix="lake")) == expected
    assert lake.gate.delegations == 1


def test_so_does_one_whose_account_key_signs(lake: Lake) -> None:
    options = lake.options(prefix="lake", account_key=ACCOUNT_KEY, sas_signer="account-key")
    found = checked(options)
    assert set(found.values()) == {"passed"}
    assert lake.gate.delegations == 0


def test_a_signature_that_deletes_where_it_must_not_is_found_out(lake: Lake) -> None:
    options = lake.options(prefix="lake")
    made = Warehouse("t", "id", "w", 1, options, True, None)

    def too_generous(grant: Grant) -> Vended:
        read, write = grant.access.read, grant.access.write
        return AzureVendor(LOCAL).vend(replace(grant, access=Access(read, write, write)))

    probe = f"{location_of(options)}/probe-{uuid4().hex}"
    found = check_sas(too_generous, made, probe, LOCAL)
    assert {check.name for check in found if check.result == "failed"} == {"delete"}


def test_an_account_without_a_hierarchical_namespace_fails(lake: Lake) -> None:
    lake.gate.hierarchical = False
    found = checked(lake.options(prefix="lake"))
    assert found["hierarchical-namespace"] == found["inside"] == "failed"
    assert found["server"] == found["sibling-read"] == "passed"


def test_a_warehouse_that_may_open_its_container_is_not_tried_for_narrowness(lake: Lake) -> None:
    options = lake.options(hierarchical_namespace="false", allow_container_scope="true")
    assert checked(options)["narrow"] == "skipped"


def test_a_refused_identity_fails_with_the_roles_to_assign(lake: Lake, entra: Entra) -> None:
    options = lake.options(client_secret="wrong", prefix="lake")
    made = Warehouse("t", "id", "w", 1, options, True, None)
    *_, last = AzureVendor(LOCAL).check(made, f"{location_of(options)}/probe")
    assert (last.name, last.result) == ("server", "failed")
    assert "Storage Blob Delegator" in last.remedy
    assert "AADSTS7000215" in last.detail


def test_tokens_are_not_narrow_and_the_check_says_so(lake: Lake) -> None:
    assert checked(lake.options(), {"AzureOAuth": {}}) == {"narrow": "skipped"}
