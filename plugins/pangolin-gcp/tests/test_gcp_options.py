import json

import pytest
from pangolin_gcp import pangolin_object_stores
from pangolin_gcp.identity import identity_of
from pangolin_gcp.options import client_properties, options_of, root_of, strategy_of

from pangolin.plugin import BadRequest, Settings, Warehouse
from pangolin.services.storage.object_stores import Objects

PLACE = {"gcs.bucket": "lake-1"}
KEY = {
    "type": "service_account",
    "client_email": "catalog@test.iam.gserviceaccount.com",
    "private_key": "-----BEGIN PRIVATE KEY-----\nvery-private-words\n-----END PRIVATE KEY-----\n",
}


def root(**options: str) -> str:
    given = {f"gcs.{name.replace('_', '-')}": value for name, value in options.items()}
    return root_of(PLACE | given, Settings(endpoint_networks=("loopback",)))


def warehouse(strategy: object, **config: str) -> Warehouse:
    return Warehouse("t", "id", "w", 1, PLACE | config, True, strategy)


@pytest.mark.parametrize(
    ("prefix", "path"), [("", ""), ("/", ""), ("a/b", "/a/b"), ("/a b/ü/", "/a b/ü")]
)
def test_the_root_is_bucket_and_prefix(prefix: str, path: str) -> None:
    assert root(prefix=prefix) == f"gs://lake-1{path}"


@pytest.mark.parametrize("prefix", ["a//b", "../a", "a/%2e%2e", "a?x", "a#x", "a*", "a$", "a\\b"])
def test_an_ambiguous_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(BadRequest, match=r"^gcs\.prefix "):
        root(prefix=prefix)


@pytest.mark.parametrize(
    "name", ["", "ab", "A-Bucket", "a..b", "-ab", "ab.", "a/b", "10.0.0.1", "google-1", "abc\n"]
)
def test_a_name_that_is_no_bucket_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=r"^gcs\.bucket "):
        root(bucket=name)


@pytest.mark.parametrize("name", ["lake_1", "lake.example.org", "0lake", "x" * 63])
def test_a_bucket_may_have_underscores_and_dots(name: str) -> None:
    assert root(bucket=name) == f"gs://{name}"


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:4443",
        "ftp://127.0.0.1",
        "http://user:secret@127.0.0.1",
        "http://127.0.0.1/path",
        "http://127.0.0.1/?x",
        "http://169.254.169.254",
        "http://10.1.2.3",
    ],
)
def test_what_is_no_endpoint_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadRequest) as raised:
        root(endpoint=text)
    assert raised.value.message.startswith("gcs.endpoint")
    assert "secret" not in raised.value.message


def test_a_target_of_impersonation_is_a_service_account() -> None:
    assert root(impersonate="vend@test.iam.gserviceaccount.com")
    for wrong in ("vend", "vend@test/../x.com", "vend@test.iam.gserviceaccount.com/keys"):
        with pytest.raises(BadRequest, match=r"^gcs\.impersonate "):
            root(impersonate=wrong)


def test_both_spellings_of_an_option_are_taken() -> None:
    objects = Objects(pangolin_object_stores(), Settings())
    plain = {"type": "gcs", "bucket": "lake-1", "project_id": "p", "service_account_key": "k"}
    dotted = {"gcs.bucket": "lake-1", "gcs.project-id": "p", "gcs.service-account-key": "k"}
    assert objects.normalise_config(plain) == {"type": "gcs", **dotted}
    assert objects.normalise_config(dotted) == {"type": "gcs", **dotted}


def test_a_client_is_told_the_project_and_no_secret() -> None:
    config = {**PLACE, "gcs.project-id": "p", "gcs.service-account-key": "k"}
    assert client_properties(config) == {"gcs.project-id": "p"}


@pytest.mark.parametrize(
    ("strategy", "name"),
    [(None, "GcpDownscoped"), ({"GcpToken": None}, "GcpToken"), ("GcpToken", "GcpToken")],
)
def test_a_strategy_has_a_name(strategy: object, name: str) -> None:
    assert strategy_of(warehouse(strategy)) == name


def test_members_of_the_strategy_are_a_service_accounts_key() -> None:
    members = {
        "service_account_email": KEY["client_email"],
        "private_key": KEY["private_key"],
    }
    found = identity_of(options_of(warehouse({"GcpDownscoped": members})))
    assert found.account == KEY["client_email"]
    assert found.key is not None
    assert found.key["private_key"] == KEY["private_key"]


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"service_account_email": "a@b.com"}, r"GcpDownscoped\.private_key is required"),
        ({"private_key": "k"}, r"GcpDownscoped\.service_account_email is required"),
        ({"service_acount_email": "a"}, r"service_acount_email is unknown"),
    ],
)
def test_a_member_that_is_missing_or_unknown_is_named(members: dict[str, str], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        options_of(warehouse({"GcpDownscoped": members}))


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("no json", "must be the JSON"),
        ("[]", "must be the JSON"),
        (json.dumps({**KEY, "type": "external_account"}), r"type must be service_account"),
        (json.dumps({**KEY, "type": "authorized_user"}), r"type must be service_account"),
        (json.dumps({**KEY, "token_uri": "http://169.254.169.254/"}), "token_uri must be"),
        (json.dumps({**KEY, "token_uri": "https://oauth2.googleapis.com@x/token"}), "token_uri"),
        (json.dumps({**KEY, "universe_domain": "example.org"}), "universe_domain must be"),
        (json.dumps({**KEY, "client_email": ""}), "client_email is required"),
        (json.dumps({**KEY, "private_key": 5}), "private_key is required"),
    ],
)
def test_a_key_that_could_mislead_the_server_is_refused_and_not_repeated(
    key: str, named: str
) -> None:
    with pytest.raises(BadRequest, match=named) as raised:
        identity_of({"gcs.service-account-key": key})
    assert "very-private-words" not in str(raised.value)


def test_an_identity_does_not_show_its_key() -> None:
    assert "very-private-words" not in repr(
        identity_of({"gcs.service-account-key": json.dumps(KEY)})
    )
