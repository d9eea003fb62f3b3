"""That a store really enforces what is vended; SeaweedFS has session policies, moto has not."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from pangolin_aws.vendors import vendors

from pangolin.plugin import Access, CredentialVendor, Forbidden, Settings
from tests.servers.issuer import Issuer, issuing
from tests.servers.seaweed import WEB_ROLE_ARN, WEB_SUBJECT, Seaweed, running

from .grants import grant, on_seaweed, writing

Client = Any


@cache
def vendor(**settings: object) -> CredentialVendor:
    return vendors(Settings(**settings))[0]  # type: ignore[arg-type]


def client(config: dict[str, str], service: str = "s3") -> Client:
    return boto3.client(
        service,
        endpoint_url=config["s3.endpoint"],
        region_name=config["s3.region"],
        aws_access_key_id=config["s3.access-key-id"],
        aws_secret_access_key=config["s3.secret-access-key"],
        aws_session_token=config.get("s3.session-token"),
    )


class Table:
    """A table with a sibling whose name begins like it, and clients with vended credentials."""

    def __init__(self, server: Seaweed) -> None:
        self.bucket = server.bucket
        self.place = on_seaweed(server)
        self.key = f"wh/{uuid4().hex}"
        self.sibling = f"{self.key}2"
        self.owner = client(dict(self.place.config))
        for key in (f"{self.key}/f", f"{self.sibling}/secret", "wh/top"):
            self.owner.put_object(Bucket=self.bucket, Key=key, Body=b"data")

    def with_access(self, *rights: str) -> Client:
        location = f"s3://{self.bucket}/{self.key}"
        access = Access(**{right: (location,) for right in rights})
        return client(dict(vendor().vend(grant(self.place, access)).config))

    def can(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
            return False
        return True

    def get(self, s3: Client, key: str) -> bool:
        return self.can(lambda: s3.get_object(Bucket=self.bucket, Key=key))

    def put(self, s3: Client, key: str) -> bool:
        return self.can(lambda: s3.put_object(Bucket=self.bucket, Key=key, Body=b"x"))

    def list(self, s3: Client, prefix: str) -> bool:
        return self.can(lambda: s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix))

    def delete(self, s3: Client, key: str) -> bool:
        return self.can(lambda: s3.delete_object(Bucket=self.bucket, Key=key))


@pytest.fixture
def table(seaweed: Seaweed) -> Table:
    return Table(seaweed)


def test_a_writer_does_everything_in_its_table(table: Table) -> None:
    s3 = table.with_access("read", "write", "delete")
    assert table.put(s3, f"{table.key}/data/new")
    assert table.get(s3, f"{table.key}/data/new")
    assert table.list(s3, f"{table.key}/")
    assert table.delete(s3, f"{table.key}/data/new")


def test_nothing_outside_of_the_table_is_open(table: Table) -> None:
    s3 = table.with_access("read", "write", "delete")
    for key in (f"{table.sibling}/secret", "wh/top", table.key):
        assert not table.get(s3, key)
        assert not table.put(s3, key)
        assert not table.delete(s3, key)
    for prefix in (f"{table.sibling}/", table.key, "wh/", ""):
        assert not table.list(s3, prefix)


def test_a_reader_reads_and_lists_only(table: Table) -> None:
    s3 = table.with_access("read")
    assert table.get(s3, f"{table.key}/f")
    assert table.list(s3, f"{table.key}/")
    assert not table.put(s3, f"{table.key}/f")
    assert not table.delete(s3, f"{table.key}/f")


def test_a_writer_without_deletes_does_not_delete(table: Table) -> None:
    s3 = table.with_access("read", "write")
    assert table.put(s3, f"{table.key}/f")
    assert not table.delete(s3, f"{table.key}/f")


def test_no_access_opens_nothing(table: Table) -> None:
    s3 = table.with_access()
    assert not table.get(s3, f"{table.key}/f")
    assert not table.list(s3, f"{table.key}/")


def test_another_tables_object_cannot_be_copied_in(table: Table) -> None:
    s3 = table.with_access("read", "write", "delete")
    target, source = f"{table.key}/stolen", {"Bucket": table.bucket, "Key": "wh/top"}
    assert not table.can(lambda: s3.copy_object(Bucket=table.bucket, Key=target, CopySource=source))


def test_a_multipart_upload_works_inside_and_not_outside(table: Table) -> None:
    s3 = table.with_access("read", "write")
    where = {"Bucket": table.bucket, "Key": f"{table.key}/big"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x" * 5 * 2**20)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    outside = {"Bucket": table.bucket, "Key": f"{table.sibling}/big"}
    assert not table.can(lambda: s3.create_multipart_upload(**outside))


def test_a_batch_of_deletes_spares_the_other_tables(table: Table) -> None:
    s3 = table.with_access("read", "write", "delete")
    keys = [{"Key": f"{table.key}/f"}, {"Key": f"{table.sibling}/secret"}]
    said = s3.delete_objects(Bucket=table.bucket, Delete={"Objects": keys})
    assert [error["Key"] for error in said["Errors"]] == [f"{table.sibling}/secret"]
    table.owner.head_object(Bucket=table.bucket, Key=f"{table.sibling}/secret")


def test_a_vended_key_does_not_assume_the_role_again(table: Table, seaweed: Seaweed) -> None:
    location = f"s3://{table.bucket}/{table.key}"
    config = dict(vendor().vend(grant(table.place, writing(location))).config)
    sts = client(config, "sts")
    assert not table.can(lambda: sts.assume_role(RoleArn=seaweed.role_arn, RoleSessionName="again"))


def test_two_directories_are_in_one_credential(table: Table) -> None:
    first, second = (f"s3://{table.bucket}/wh/{uuid4().hex}" for _ in range(2))
    vended = vendor().vend(grant(table.place, Access(read=(first, second), write=(second,))))
    s3 = client(dict(vended.config))
    key = second.removeprefix(f"s3://{table.bucket}/")
    assert table.put(s3, f"{key}/f")
    assert table.get(s3, f"{key}/f")
    assert not table.put(s3, f"{first.removeprefix(f's3://{table.bucket}/')}/f")


def test_odd_names_open_their_own_directory(table: Table) -> None:
    name = f"{uuid4().hex} a+b=ü'\"&(c)"
    s3 = client(
        dict(vendor().vend(grant(table.place, writing(f"s3://{table.bucket}/wh/{name}"))).config)
    )
    assert table.put(s3, f"wh/{name}/f")
    assert table.get(s3, f"wh/{name}/f")
    assert not table.put(s3, f"wh/{name}2/f")


def test_a_wildcard_in_a_name_opens_nothing_else(table: Table) -> None:
    # This server does not know the escapes, so that the table itself stays closed here.
    star = f"s3://{table.bucket}/wh/*"
    s3 = client(dict(vendor().vend(grant(table.place, Access(read=(star,)))).config))
    assert not table.get(s3, f"{table.sibling}/secret")


def test_an_unknown_role_is_refused(table: Table, seaweed: Seaweed) -> None:
    place = on_seaweed(seaweed, role_arn="arn:aws:iam::000000000000:role/Unknown")
    with pytest.raises(Forbidden, match="AccessDenied"):
        vendor().vend(grant(place, writing(f"s3://{table.bucket}/{table.key}")))


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture(scope="module")
def federated(issuer: Issuer) -> Iterator[Seaweed]:
    with running(issuer.url) as server:
        yield server


@pytest.fixture
def web(federated: Seaweed, issuer: Issuer, tmp_path: Any, monkeypatch: Any) -> Any:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    (tmp_path / "token").write_text(issuer.token(sub=WEB_SUBJECT))
    settings = Settings(server_identity=True, web_identity_endpoints=(federated.endpoint,))
    return vendors(settings)[1]


def test_a_web_identity_gets_sessions_as_narrow(web: CredentialVendor, federated: Seaweed) -> None:
    place = on_seaweed(federated, role_arn=WEB_ROLE_ARN, access_key_id="", secret_access_key="")
    location = f"s3://{federated.bucket}/wh/t"
    s3 = client(dict(web.vend(grant(place, writing(location))).config))
    s3.put_object(Bucket=federated.bucket, Key="wh/t/f", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=federated.bucket, Key="wh/t2/f", Body=b"x")


def test_a_token_of_another_subject_is_refused(
    web: CredentialVendor, federated: Seaweed, issuer: Issuer, tmp_path: Any
) -> None:
    (tmp_path / "token").write_text(issuer.token(sub="someone-else"))
    place = on_seaweed(federated, role_arn=WEB_ROLE_ARN)
    with pytest.raises(Forbidden):
        web.vend(grant(place, writing(f"s3://{federated.bucket}/wh/t")))
