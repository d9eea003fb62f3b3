import pytest
from pangolin_aws.clients import Caller, Key, StsClients
from pangolin_aws.names import external_id
from pangolin_aws.vendors import vendors

from pangolin.plugin import Access, BadRequest, CredentialVendor, Forbidden, Settings, Unavailable

from .grants import ROLE, grant, warehouse, writing

A = "s3://bkt/wh/a"
KEY = {"access_key_id": "AKIA1", "secret_access_key": "s"}


def vendor(strategy: str, **settings: object) -> CredentialVendor:
    found = {v.strategies[0]: v for v in vendors(Settings(**settings))}  # type: ignore[arg-type]
    return found[strategy]


def validate(
    strategy: str,
    members: object = None,
    /,
    *,
    given: dict[str, object] | None = None,
    **options: str,
) -> None:
    settings = Settings(**(given or {}))  # type: ignore[arg-type]
    vendor(strategy, **(given or {})).validate(warehouse(members, **options), settings)


def test_a_role_is_required_for_sessions() -> None:
    with pytest.raises(BadRequest, match=r"^s3\.role-arn is required"):
        validate("AwsSts", **KEY)
    validate("AwsSts", role_arn=ROLE, **KEY)
    validate("AwsSts", {"AwsSts": {"role_arn": ROLE}})


@pytest.mark.parametrize("role", ["not-a-role", "arn:aws-cn:iam::123456789012:role/x"])
def test_the_role_of_a_strategy_is_checked(role: str) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.role-arn "):
        validate("AwsSts", {"AwsSts": {"role_arn": role}}, region="eu-west-1")


def test_an_external_id_may_be_chosen_with_a_key_of_ones_own() -> None:
    validate("AwsSts", role_arn=ROLE, external_id="mine", **KEY)
    with pytest.raises(BadRequest, match=r"^s3\.external-id must be 2"):
        validate("AwsSts", {"AwsSts": {"role_arn": ROLE, "external_id": "no good"}}, **KEY)


def test_an_external_id_must_not_be_chosen_for_the_servers_identity() -> None:
    with pytest.raises(BadRequest, match=r"^s3\.external-id must not be chosen"):
        validate("AwsSts", role_arn=ROLE, external_id="foreign")
    validate("AwsSts", role_arn=ROLE, external_id=external_id(warehouse()))
    validate("AwsSts", role_arn=ROLE, external_id="mine", given={"server_identity": True})


def test_a_web_identity_needs_the_operators_leave() -> None:
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        validate("AwsWebIdentity", role_arn=ROLE)
    validate("AwsWebIdentity", role_arn=ROLE, given={"server_identity": True})


def test_a_web_identitys_token_is_not_sent_to_an_address_of_a_tenant() -> None:
    given: dict[str, object] = {"server_identity": True}
    with pytest.raises(BadRequest, match="PANGOLIN_WEB_IDENTITY_ENDPOINTS"):
        validate("AwsWebIdentity", role_arn=ROLE, endpoint="https://evil.example", given=given)
    given["web_identity_endpoints"] = ("https://store.example/",)
    validate("AwsWebIdentity", role_arn=ROLE, endpoint="https://store.example", given=given)


def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_WEB_IDENTITY_TOKEN_FILE", raising=False)
    web = vendor("AwsWebIdentity", server_identity=True)
    with pytest.raises(Unavailable, match="AWS_WEB_IDENTITY_TOKEN_FILE is not set"):
        web.vend(grant(warehouse(role_arn=ROLE), writing(A)))
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(Unavailable, match="cannot be read"):
        web.vend(grant(warehouse(role_arn=ROLE), writing(A)))


def test_a_static_key_is_required_to_hand_one_out() -> None:
    with pytest.raises(BadRequest, match=r"^s3\.access-key-id is required"):
        validate("AwsStatic")
    validate("AwsStatic", **KEY)
    members = {"access_key_id": "AKIA2", "secret_access_key": "t"}
    validate("AwsStatic", {"AwsStatic": members})


def test_a_static_key_is_given_only_to_who_may_do_everything() -> None:
    static, place = vendor("AwsStatic"), warehouse(region="eu-west-1", **KEY)
    vended = static.vend(grant(place, writing(A), ttl_s=1800))
    assert vended.config["s3.access-key-id"] == "AKIA1"
    assert "s3.session-token-expires-at-ms" not in vended.config
    assert vended.details["scope"] == "whole bucket"
    for access in (Access(), Access(read=(A,)), Access((A,), (A,)), Access((A, A), (A,), ())):
        with pytest.raises(Forbidden, match="a static key may do everything"):
            static.vend(grant(place, access))


def test_remote_signing_needs_something_to_sign_with() -> None:
    with pytest.raises(BadRequest, match=r"^s3\.role-arn or s3\.access-key-id is required"):
        validate("S3RemoteSigning")
    validate("S3RemoteSigning", **KEY)
    validate("S3RemoteSigning", role_arn=ROLE)
    validate("S3RemoteSigning", given={"server_identity": True})


def test_remote_signing_vends_properties_and_no_key() -> None:
    place = warehouse(region="eu-west-1", **KEY)
    vended = vendor("S3RemoteSigning").vend(grant(place, writing(A)))
    assert vended.config == {
        "s3.region": "eu-west-1",
        "client.region": "eu-west-1",
        "s3.remote-signing-enabled": "true",
        "s3.signer": "S3V4RestSigner",
        "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO",
    }


def test_clients_are_told_the_warehouses_encryption() -> None:
    place = warehouse(region="eu-west-1", sse_key="alias/lake", **KEY)
    config = vendor("AwsStatic").vend(grant(place, writing(A))).config
    assert config["s3.sse.type"] == "kms"
    assert config["s3.sse.key"] == "alias/lake"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_amazons_sts_is_that_of_the_region(region: str, host: str) -> None:
    caller = Caller("", region, Key("AKIA1", "s"))
    assert StsClients(Settings()).client(caller).meta.endpoint_url == f"https://{host}"


def test_one_client_is_made_for_each_caller() -> None:
    clients, caller = StsClients(Settings()), Caller("", "eu-west-1", Key("AKIA1", "s"))
    assert clients.client(caller) is clients.client(Caller("", "eu-west-1", Key("AKIA1", "s")))
    assert clients.client(caller) is not clients.client(Caller("", "eu-west-1", Key("AKIA1", "t")))


def test_the_principal_is_part_of_the_identity_of_sessions_only() -> None:
    place = warehouse(role_arn=ROLE)
    ann, bob = (grant(place, writing(A), name) for name in ("ann", "bob"))
    sessions, static = vendor("AwsSts"), vendor("AwsStatic")
    assert sessions.identity(ann) != sessions.identity(bob)
    assert static.identity(ann) == static.identity(bob) == ()
    signing = vendor("S3RemoteSigning")
    assert signing.identity(ann) == sessions.identity(ann)


@pytest.mark.parametrize("option", ["endpoint", "sts_endpoint"])
def test_endpoints_are_checked_against_the_networks_that_are_open(option: str) -> None:
    options = {"role_arn": ROLE, option: "http://10.1.2.3:9000"}
    validate("AwsSts", **options)
    with pytest.raises(BadRequest, match="leads to an address"):
        validate("AwsSts", given={"endpoint_networks": ("none",)}, **options)
