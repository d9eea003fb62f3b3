import pytest
from pangolin_aws import pangolin_object_stores
from pangolin_aws.options import encryption_of, is_path_style, root_of

from pangolin.plugin import BadRequest, Settings
from pangolin.services.storage.object_stores import Objects

BUCKET = {"s3.bucket": "lake-1"}
ROLE = "arn:aws:iam::123456789012:role/lake/Vend"


def root(**options: str) -> str:
    given = {f"s3.{name.replace('_', '-')}": value for name, value in options.items()}
    return root_of(BUCKET | given, Settings())


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", "s3://lake-1"),
        ("/", "s3://lake-1"),
        ("a/b", "s3://lake-1/a/b"),
        ("/a b/ü/", "s3://lake-1/a b/ü"),
    ],
)
def test_the_root_is_bucket_and_prefix(prefix: str, expected: str) -> None:
    assert root(prefix=prefix) == expected


@pytest.mark.parametrize("prefix", ["a//b", "../a", "a/%2e%2e", "a?x", "a#x", "a*", "a$", "a\\b"])
def test_an_ambiguous_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.prefix "):
        root(prefix=prefix)


@pytest.mark.parametrize(
    "bucket",
    ["", "ab", "A-Bucket", "a_b", "a..b", "-ab", "ab.", "a/b", "x" * 64, "10.0.0.1", "abc\n"],
)
def test_a_name_that_is_no_bucket_is_refused(bucket: str) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.bucket "):
        root(bucket=bucket)


@pytest.mark.parametrize(
    "endpoint",
    ["https://s3.example.org", "http://127.0.0.1:9000/", "http://[::1]:9000", "http://minio:9000"],
)
def test_an_endpoint_is_an_address(endpoint: str) -> None:
    assert root(endpoint=endpoint) == "s3://lake-1"


@pytest.mark.parametrize("option", ["s3.endpoint", "s3.sts-endpoint"])
@pytest.mark.parametrize(
    "text",
    [
        "s3.example.org",
        "ftp://s3.example.org",
        "http://user:secret@s3.example.org",
        "http://@s3.example.org",
        "http://s3.example.org/path",
        "http://s3.example.org/?x",
        "http://s3.example.org#x",
        "http://s3.example.org:0",
        "http://s3.example.org:99999",
        "http://",
        "http://s3 example.org",
        "http://[::1",
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[::ffff:169.254.169.254]",
        "http://0.0.0.0",
        "http://2852039166",
        "http://0xa9fea9fe",
    ],
)
def test_what_is_no_endpoint_is_refused_without_being_repeated(option: str, text: str) -> None:
    with pytest.raises(BadRequest) as raised:
        root_of({**BUCKET, option: text}, Settings())
    assert raised.value.message.startswith(option)
    assert "secret" not in raised.value.message


def test_an_access_key_and_its_secret_come_together() -> None:
    with pytest.raises(BadRequest, match=r"^s3\.secret-access-key is required"):
        root(access_key_id="k")
    with pytest.raises(BadRequest, match=r"^s3\.access-key-id is required"):
        root(secret_access_key="s")
    with pytest.raises(BadRequest, match=r"^s3\.access-key-id is required"):
        root(session_token="t")
    assert root(access_key_id="k", secret_access_key="s", session_token="t")


def test_path_style_follows_the_endpoint_unless_it_is_said() -> None:
    assert not is_path_style({})
    assert is_path_style({"s3.endpoint": "http://minio:9000"})
    assert not is_path_style({"s3.endpoint": "http://minio:9000", "s3.path-style-access": "False"})
    with pytest.raises(BadRequest, match=r"^s3\.path-style-access must be true or false"):
        root(path_style_access="maybe")


def test_a_role_is_an_arn_of_amazon_or_of_the_stores_own_kind() -> None:
    assert root(role_arn=ROLE)
    assert root(role_arn="urn:ecs:iam::x:role/y", endpoint="http://ecs:9000")
    for text in ("urn:ecs:iam::x:role/y", f"{ROLE}\n", "arn:aws:iam::x:role/y", f"{ROLE}*"):
        with pytest.raises(BadRequest, match=r"^s3\.role-arn "):
            root(role_arn=text)


def test_an_external_id_is_checked() -> None:
    assert root(external_id="3f0e-1")
    with pytest.raises(BadRequest, match=r"^s3\.external-id "):
        root(external_id="two words")


def test_a_key_alone_means_encryption_by_kms() -> None:
    assert encryption_of({}) == ""
    assert encryption_of({"s3.sse.type": "s3"}) == "AES256"
    assert encryption_of({"s3.sse.key": "alias/lake"}) == "aws:kms"


@pytest.mark.parametrize(
    "config",
    [{"s3.sse.type": "des"}, {"s3.sse.type": "s3", "s3.sse.key": "k"}, {"s3.sse.key": "a b"}],
)
def test_an_encryption_that_makes_no_sense_is_refused(config: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.sse\."):
        root_of(BUCKET | config, Settings())


def test_both_spellings_of_older_clients_are_understood() -> None:
    objects = Objects(pangolin_object_stores(), Settings())
    undotted = {
        "bucket": "lake-1",
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "a-long-secret-key",
        "region": "eu-west-1",
        "endpoint": "http://minio:9000",
        "role_arn": ROLE,
        "external_id": "id",
    }
    dotted = {f"s3.{key.replace('_', '-')}": value for key, value in undotted.items()}
    canonical = {"type": "s3", **dotted}
    assert objects.normalise_config({"type": "s3", **undotted}) == canonical
    assert objects.normalise_config(dotted) == canonical
    hidden = {"s3.secret-access-key": "***-key", "s3.external-id": "***"}
    assert objects.masked(canonical) == canonical | hidden
    assert objects.root(canonical) == "s3://lake-1"
