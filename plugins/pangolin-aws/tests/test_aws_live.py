"""What only Amazon itself can show; collected with `LIVE_AWS=1`.

Needs LIVE_AWS_BUCKET, LIVE_AWS_PREFIX, LIVE_AWS_REGION, LIVE_AWS_ROLE_ARN, LIVE_AWS_EXTERNAL_ID,
and takes LIVE_AWS_KMS_KEY_ARN; the server's identity is the environment's. All is written below one
directory, and removed.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from pangolin_aws.store import open_store
from pangolin_aws.vendors import vendors

from pangolin.plugin import Access, Settings, Warehouse

from .grants import from_variables, grant, writing

SETTINGS = Settings(server_identity=True)


def on_amazon() -> Warehouse:
    return from_variables(
        "AWS",
        bucket="BUCKET",
        prefix="PREFIX",
        region="REGION",
        role_arn="ROLE_ARN",
        external_id="EXTERNAL_ID",
        sse_key="KMS_KEY_ARN",
    )


@pytest.fixture
def directory() -> Iterator[str]:
    place = on_amazon()
    config = place.config
    location = f"s3://{config['s3.bucket']}/{config['s3.prefix']}/run-{uuid4().hex}"
    yield location
    owner = open_store(place, SETTINGS)
    owner.delete([info.location for info in owner.list(location)])


def client(access: Access, ttl_s: int = 3600) -> Any:
    config = vendors(SETTINGS)[0].vend(grant(on_amazon(), access, ttl_s=ttl_s)).config
    return boto3.client(
        "s3",
        region_name=config["s3.region"],
        aws_access_key_id=config["s3.access-key-id"],
        aws_secret_access_key=config["s3.secret-access-key"],
        aws_session_token=config["s3.session-token"],
    )


def parts(location: str) -> dict[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def test_the_self_test_passes_on_amazon(directory: str) -> None:
    checks = {check.name: check for check in vendors(SETTINGS)[0].check(on_amazon(), directory)}
    assert {check.result for check in checks.values()} == {"passed"}, checks


@pytest.mark.parametrize("name", ["*", "$a", "${*}", "a b+ü"])
def test_an_escaped_name_opens_itself_and_no_other(directory: str, name: str) -> None:
    s3 = client(writing(f"{directory}/{name}"))
    s3.put_object(**parts(f"{directory}/{name}/f"), Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**parts(f"{directory}/other/f"), Body=b"x")


def test_a_missing_object_is_missing_or_refused(directory: str) -> None:
    with pytest.raises(ClientError) as raised:
        client(Access(read=(directory,))).head_object(**parts(f"{directory}/none"))
    assert status(raised.value) in (403, 404)


def test_a_long_session_is_given_or_falls_back_to_an_hour(directory: str) -> None:
    vended = vendors(SETTINGS)[0].vend(grant(on_amazon(), writing(directory), ttl_s=43200))
    assert vended.config["s3.session-token"]


def test_amazon_insists_on_what_was_signed(directory: str) -> None:
    place = from_variables("AWS", bucket="BUCKET", prefix="PREFIX", region="REGION")
    checks = {check.name: check for check in vendors(SETTINGS)[3].check(place, directory)}
    assert {check.result for check in checks.values()} == {"passed"}, checks
