import pytest
from pangolin_azure import pangolin_object_stores
from pangolin_azure.account import account_of, root_of
from pangolin_azure.client import client_properties
from pangolin_azure.options import flag, options_of, strategy_of

from pangolin.plugin import BadRequest, Settings, Warehouse
from pangolin.services.storage.object_stores import Objects

PLACE = {"adls.account-name": "lake1", "adls.container": "wh-1"}


def root(**options: str) -> str:
    given = {f"adls.{name.replace('_', '-')}": value for name, value in options.items()}
    return root_of(PLACE | given, Settings(endpoint_networks=("loopback",)))


def warehouse(strategy: object, **config: str) -> Warehouse:
    return Warehouse("t", "id", "w", 1, PLACE | config, True, strategy)


@pytest.mark.parametrize(
    ("prefix", "path"), [("", ""), ("/", ""), ("a/b", "/a/b"), ("/a b/ü/", "/a b/ü")]
)
def test_the_root_is_container_account_and_prefix(prefix: str, path: str) -> None:
    assert root(prefix=prefix) == f"abfss://wh-1@lake1.dfs.core.windows.net{path}"


def test_the_root_names_the_cloud_of_the_account() -> None:
    found = root(endpoint_suffix="core.chinacloudapi.cn")
    assert found == "abfss://wh-1@lake1.dfs.core.chinacloudapi.cn"
    account = account_of({**PLACE, "adls.endpoint-suffix": "core.usgovcloudapi.net"})
    assert account.blob_url == "https://lake1.blob.core.usgovcloudapi.net"
    assert account.authority == "login.microsoftonline.us"


@pytest.mark.parametrize("suffix", ["example.org", "core.windows.net.example.org", "core.windows"])
def test_another_domain_is_no_cloud(suffix: str) -> None:
    with pytest.raises(BadRequest, match=r"^adls\.endpoint-suffix "):
        root(endpoint_suffix=suffix)


@pytest.mark.parametrize("prefix", ["a//b", "../a", "a/%2e%2e", "a?x", "a#x", "a*", "a$", "a\\b"])
def test_an_ambiguous_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(BadRequest, match=r"^adls\.prefix "):
        root(prefix=prefix)


@pytest.mark.parametrize("name", ["", "ab", "Lake", "lake-1", "a.b", "x" * 25, "lake/1", "lake1\n"])
def test_a_name_that_is_no_account_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=r"^adls\.account-name "):
        root(account_name=name)


@pytest.mark.parametrize("name", ["", "ab", "A", "a_b", "a--b", "-ab", "ab-", "x" * 64, "a/b"])
def test_a_name_that_is_no_container_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=r"^adls\.container "):
        root(container=name)


@pytest.mark.parametrize(
    "endpoint", ["https://127.0.0.1:10000/devstoreaccount1", "http://127.0.0.1:1/", "https://a.org"]
)
def test_an_endpoint_is_the_address_of_an_account(endpoint: str) -> None:
    assert root(endpoint=endpoint)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:10000",
        "ftp://127.0.0.1",
        "https://user:secret@example.org",
        "https://example.org/a/b",
        "https://example.org/?x",
        "https://example.org#x",
        "https://[::1",
        "http://169.254.169.254/metadata",
        "http://10.1.2.3",
    ],
)
def test_what_is_no_endpoint_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadRequest) as raised:
        root(endpoint=text)
    assert raised.value.message.startswith("adls.endpoint")
    assert "secret" not in raised.value.message


def test_both_spellings_of_an_option_are_taken() -> None:
    objects = Objects(pangolin_object_stores(), Settings())
    plain = {
        "type": "azure",
        "account_name": "lake1",
        "container": "wh-1",
        "tenant_id": "t",
        "client_id": "c",
        "client_secret": "s",
        "account_key": "k",
    }
    dotted = {
        "adls.account-name": "lake1",
        "adls.container": "wh-1",
        "adls.tenant-id": "t",
        "adls.client-id": "c",
        "adls.client-secret": "s",
        "adls.account-key": "k",
    }
    assert objects.normalise_config(plain) == {"type": "azure", **dotted}
    assert objects.normalise_config(dotted) == {"type": "azure", **dotted}


def test_secrets_are_masked() -> None:
    objects = Objects(pangolin_object_stores(), Settings())
    secrets = {
        f"adls.{name}": "0123456789abcdef"
        for name in ("client-secret", "client-certificate", "client-assertion", "account-key")
    }
    shown = objects.masked({"type": "azure", **secrets})
    assert {shown[name] for name in secrets} == {"***cdef"}


def test_a_client_is_told_the_account_and_no_secret() -> None:
    secrets = {"adls.client-secret": "s", "adls.account-key": "k"}
    assert client_properties(PLACE | secrets) == {"adls.account-name": "lake1"}
    emulated = client_properties(PLACE | {"adls.endpoint": "https://127.0.0.1:1/lake1"})
    assert emulated["adls.account-host"] == "127.0.0.1:1/lake1"


def test_members_of_the_strategy_come_before_those_of_the_storage() -> None:
    strategy = {"AzureSas": {"account_name": "lake1", "account_key": "a2V5"}}
    found = options_of(warehouse(strategy, **{"adls.account-key": "b3RoZXI="}))
    assert found["adls.account-key"] == "a2V5"
    assert found["adls.sas-signer"] == "account-key"


def test_an_account_of_the_strategy_is_the_warehouses() -> None:
    with pytest.raises(BadRequest, match=r"AzureSas\.account_name must be"):
        options_of(warehouse({"AzureSas": {"account_name": "other", "account_key": "a2V5"}}))


def test_an_unknown_member_of_the_strategy_is_named() -> None:
    with pytest.raises(BadRequest, match=r"AzureSas\.acount_key is unknown; known: account_key"):
        options_of(warehouse({"AzureSas": {"acount_key": "a2V5"}}))


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        (None, "AzureSas"),
        ({"AzureSas": {}}, "AzureSas"),
        ({"AzureOAuth": None}, "AzureOAuth"),
        ("AzureOAuth", "AzureOAuth"),
    ],
)
def test_a_strategy_has_a_name(strategy: object, name: str) -> None:
    assert strategy_of(warehouse(strategy)) == name
    assert options_of(warehouse(strategy))["adls.container"] == "wh-1"


def test_a_word_that_is_no_boolean_is_refused() -> None:
    assert flag({"x": "TRUE"}, "x")
    assert not flag({"x": "off"}, "x", default=True)
    assert flag({"x": ""}, "x", default=True)
    with pytest.raises(BadRequest, match="x must be true or false"):
        flag({"x": "maybe"}, "x")
