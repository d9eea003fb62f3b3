from base64 import b64encode
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pangolin_azure import pangolin_credential_vendors
from pangolin_azure.account import Account
from pangolin_azure.delegation import DelegationKeys
from pangolin_azure.identity import Identity
from pangolin_azure.sas import DelegationKey
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import Access, BadRequest, Forbidden, Grant, Settings, Vended, Warehouse
from tests.servers.adls import Adls
from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY
from tests.servers.entra import CLIENT, TENANT
from tests.servers.front import Request

from .conftest import LOCAL

ROOT = f"abfss://lake@{ACCOUNT}.dfs.core.windows.net"
TABLE = f"{ROOT}/sales/orders"
HOST = f"{ACCOUNT}.dfs.core.windows.net"
CONFIG = {
    "type": "azure",
    "adls.account-name": ACCOUNT,
    "adls.container": "lake",
    "adls.tenant-id": TENANT,
    "adls.client-id": CLIENT,
    "adls.client-secret": "s",
}
BY_ACCOUNT = {"AzureSas": {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY}}
VALUE = b64encode(b"a delegation key of 32 bytes ....").decode()
FIELDS = {
    "skoid": "o",
    "sktid": "t",
    "skt": "2026-01-02T03:04:05Z",
    "ske": "2099-01-02T07:04:05Z",
    "sks": "b",
    "skv": "2023-11-03",
}


def fetch(account: Account, identity: Identity, start: int, end: int) -> DelegationKey:
    return DelegationKey(FIELDS, VALUE, end)


def vendor() -> AzureVendor:
    return AzureVendor(LOCAL, DelegationKeys(fetch))


def warehouse(strategy: object = None, **more: str) -> Warehouse:
    return Warehouse("t1", "id", "w", 1, CONFIG | more, True, strategy)


def grant(access: Access, made: Warehouse | None = None, principal: str = "ann") -> Grant:
    return Grant(made or warehouse(), access, principal, principal, 3600)


def everything(location: str) -> Access:
    return Access((location,), (location,), (location,))


def allows(vended: Vended, method: str, location: str, *, gate: Adls | None = None) -> bool:
    """Ask the gate, which works the signature out for itself."""
    known = gate or Adls()
    known.keys.add(VALUE)
    container, _, path = location.removeprefix("abfss://").partition("@")
    key = path.partition("/")[2]
    query = tuple(parse_qsl(vended.config["adls.sas-token"]))
    request = Request(method, f"/{ACCOUNT}/{quote(f'{container}/{key}')}", query, {})
    if method == "LIST":
        listed = (("comp", "list"), ("restype", "container"), ("prefix", f"{key}/"))
        request = Request("GET", f"/{ACCOUNT}/{container}", query + listed, {})
    return isinstance(known.admit(request), Request)


@pytest.mark.parametrize("strategy", [None, BY_ACCOUNT])
def test_a_privilege_opens_its_methods_below_the_table_only(strategy: object) -> None:
    made = warehouse(strategy)
    reader = vendor().vend(grant(Access((TABLE,)), made))
    writer = vendor().vend(grant(Access((TABLE,), (TABLE,)), made))
    owner = vendor().vend(grant(everything(TABLE), made))
    opened = {
        name: {method for method in ("GET", "LIST", "PUT", "DELETE") if allows(v, method, place)}
        for name, v, place in (
            ("reader", reader, f"{TABLE}/data"),
            ("writer", writer, f"{TABLE}/data"),
            ("owner", owner, f"{TABLE}/data"),
            ("sibling", owner, f"{TABLE}2/data"),
            ("parent", owner, f"{ROOT}/sales/data"),
            ("table itself", owner, TABLE.rpartition("/")[0]),
        )
    }
    assert opened == {
        "reader": {"GET", "LIST"},
        "writer": {"GET", "LIST", "PUT"},
        "owner": {"GET", "LIST", "PUT", "DELETE"},
        "sibling": set(),
        "parent": set(),
        "table itself": set(),
    }


SEGMENTS = st.text(
    st.sampled_from("ab2*?$'\"`\\ %=&+.~üß日🦔") | st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=12,
)


@given(table=SEGMENTS, inside=SEGMENTS, other=SEGMENTS)
def test_exactly_the_tables_objects_are_opened_whatever_their_names(
    table: str, inside: str, other: str
) -> None:
    location = f"{ROOT}/ns/{table}"
    try:
        vended = vendor().vend(grant(everything(location)))
    except BadRequest:
        return  # no location at all, as the core would have said before
    assert allows(vended, "PUT", f"{location}/{inside.replace('/', '_')}")
    elsewhere = other.replace("/", "_")
    for outside in (f"{location}{elsewhere}/x", f"{ROOT}/{elsewhere}/{table}/x", f"{ROOT}/ns/x"):
        if not outside.startswith(f"{location}/"):
            assert not allows(vended, "GET", outside)
            assert not allows(vended, "PUT", outside)
    assert not allows(vended, "LIST", f"{ROOT}/ns")


def test_clients_find_it_under_every_name_they_read() -> None:
    vended = vendor().vend(grant(everything(TABLE)))
    sas, expires = vended.config["adls.sas-token"], str(vended.expires_at_ms)
    assert vended.config == {
        "adls.account-name": ACCOUNT,
        "adls.sas-token": sas,
        f"adls.sas-token.{HOST}": sas,
        "adls.sas-token-expires-at-ms": expires,
        f"adls.sas-token-expires-at-ms.{HOST}": expires,
        "expiration-time": expires,
    }
    assert sas not in repr(vended)


def test_the_expiry_is_the_signatures_own() -> None:
    made = AzureVendor(LOCAL, DelegationKeys(fetch), clock=lambda: 1_767_322_800.9)
    vended = made.vend(grant(everything(TABLE)))
    fields = dict(parse_qsl(vended.config["adls.sas-token"]))
    assert vended.expires_at_ms == 1_767_326_400_000
    assert (fields["st"], fields["se"]) == ("2026-01-02T02:55:00Z", "2026-01-02T04:00:00Z")
    assert fields["spr"] == "https"


def test_a_signature_does_not_outlive_its_key() -> None:
    def short(account: Account, identity: Identity, start: int, end: int) -> DelegationKey:
        return DelegationKey(FIELDS, VALUE, start + 1000)

    def clock() -> float:
        return 1_000_000

    made = AzureVendor(LOCAL, DelegationKeys(short, clock), clock)
    vended = made.vend(grant(everything(TABLE)))
    assert vended.expires_at_ms == (1_000_000 - 300 + 1000) * 1000


def test_the_principal_is_a_correlation_id_in_azures_logs() -> None:
    made = vendor()
    ids = [
        dict(
            parse_qsl(made.vend(grant(everything(TABLE), principal=name)).config["adls.sas-token"])
        )
        for name in ("ann", "ann", "bob")
    ]
    assert ids[0]["scid"] == ids[1]["scid"] != ids[2]["scid"]
    vended = made.vend(grant(everything(TABLE)))
    assert vended.details["correlation-id"] == ids[0]["scid"]
    assert made.identity(grant(everything(TABLE))) == ("ann",)
    assert made.identity(grant(everything(TABLE), warehouse(BY_ACCOUNT))) == ()


def test_an_account_key_signs_only_where_it_was_chosen() -> None:
    keyed = {"adls.client-secret": "", "adls.account-key": ACCOUNT_KEY}
    with pytest.raises(BadRequest, match="sas-signer is account-key"):
        vendor().validate(warehouse(**keyed), Settings())
    chosen = warehouse(**keyed, **{"adls.sas-signer": "account-key"})
    vendor().validate(chosen, Settings())
    vended = vendor().vend(grant(everything(TABLE), chosen))
    assert "skoid" not in vended.config["adls.sas-token"]
    assert allows(vended, "PUT", f"{TABLE}/x")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"adls.tenant-id": ""}, "adls.tenant-id"),
        ({"adls.tenant-id": "a/b"}, "adls.tenant-id"),
        ({"adls.client-id": ""}, "adls.client-id"),
        ({"adls.client-id": "me"}, "adls.client-id"),
        ({"adls.client-secret": ""}, "adls.identity"),
        ({"adls.identity": "password"}, "adls.identity"),
        ({"adls.identity": "client-certificate"}, "adls.client-certificate"),
        ({"adls.identity": "managed-identity"}, "PANGOLIN_SERVER_IDENTITY"),
        ({"adls.identity": "workload-identity"}, "PANGOLIN_SERVER_IDENTITY"),
        ({"adls.sas-signer": "me"}, "adls.sas-signer"),
        ({"adls.sas-signer": "account-key"}, "adls.account-key"),
        ({"adls.sas-signer": "account-key", "adls.account-key": "no base64"}, "base64"),
        ({"adls.hierarchical-namespace": "false"}, "adls.allow-container-scope"),
        ({"adls.hierarchical-namespace": "perhaps"}, "adls.hierarchical-namespace"),
        ({"adls.container": "A"}, "adls.container"),
    ],
)
def test_validation_names_the_option(more: dict[str, str], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        vendor().validate(warehouse(**more), Settings())


def test_a_name_that_leads_to_a_forbidden_address_is_refused_when_it_is_used() -> None:
    public = Settings(endpoint_networks=("none",))
    made = warehouse(**{"adls.endpoint": "https://localhost:1/lake1"})
    AzureVendor(public).validate(made, public)
    with pytest.raises(BadRequest, match=r"adls\.endpoint leads to"):
        AzureVendor(public, DelegationKeys(fetch)).vend(grant(everything(TABLE), made))


def test_what_the_operator_took_back_is_not_vended_any_more() -> None:
    made = warehouse(**{"adls.identity": "managed-identity"})
    lent = AzureVendor(Settings(server_identity=True), DelegationKeys(fetch))
    assert lent.vend(grant(everything(TABLE), made)).config
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        vendor().vend(grant(everything(TABLE), made))


def test_the_operator_may_lend_the_servers_identity_but_to_azure_only() -> None:
    lent = Settings(server_identity=True, endpoint_networks=("loopback",))
    vendor().validate(warehouse(**{"adls.identity": "managed-identity"}), lent)
    elsewhere = {"adls.identity": "managed-identity", "adls.endpoint": "https://127.0.0.1/lake1"}
    with pytest.raises(BadRequest, match="go to Azure and nowhere else"):
        vendor().validate(warehouse(**elsewhere), lent)


@pytest.mark.parametrize(
    ("access", "read_only"),
    [
        (Access((TABLE,)), "false"),
        (Access((TABLE,), (TABLE,)), "false"),
        (everything(TABLE), "true"),
        (Access(), "false"),
        (Access(), "true"),
    ],
)
def test_a_token_does_not_go_to_who_may_do_less_than_its_identity(
    access: Access, read_only: str
) -> None:
    made = warehouse("AzureOAuth", **{"adls.oauth-read-only": read_only})
    vendor().validate(made, Settings())
    with pytest.raises(Forbidden, match="may do less"):
        vendor().vend(grant(access, made))


def test_the_roles_to_assign_are_commands_to_paste() -> None:
    found = vendor().prepare(warehouse())
    assert found is not None
    commands = found.documents["az"]
    assert isinstance(commands, list)
    assert CLIENT in commands[0]
    assert "Storage Blob Data Contributor" in commands[0]
    assert f"storageAccounts/{ACCOUNT}/blobServices/default/containers/lake" in commands[0]
    assert commands[1].endswith(f'storageAccounts/{ACCOUNT}"')
    assert vendor().prepare(warehouse(BY_ACCOUNT)) is None
    reading = vendor().prepare(warehouse("AzureOAuth", **{"adls.oauth-read-only": "true"}))
    assert reading is not None
    assert len(reading.documents["az"]) == 1  # type: ignore[arg-type]


def test_the_plugin_registers_its_strategies() -> None:
    (found,) = pangolin_credential_vendors(LOCAL)
    assert (found.strategies, found.types) == (("AzureSas", "AzureOAuth"), ("azure",))
