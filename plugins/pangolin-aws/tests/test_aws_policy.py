import json

import pytest
from pangolin_aws.place import Place, place_of
from pangolin_aws.policy import MAX_CHARACTERS, NOTHING, session_policy

from pangolin.plugin import Access, BadRequest, Forbidden

from .grants import warehouse, writing
from .iam import Policy

A, B = "s3://bkt/wh/a", "s3://bkt/wh/b"
BUCKET = "arn:aws:s3:::bkt"
FILE_ACTIONS = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:DeleteObject",
)


def place(**options: str) -> Place:
    return place_of(warehouse(**{"region": "eu-west-1", **options}).config)


def policy(access: Access, **options: str) -> Policy:
    return Policy(session_policy(access, place(**options)))


def actions(found: Policy, key: str, bucket: str = BUCKET) -> list[str]:
    return [action for action in FILE_ACTIONS if found.allows(action, f"{bucket}/{key}")]


def test_reading_writing_and_deleting_are_apart() -> None:
    assert actions(policy(Access(read=(A,))), "wh/a/f") == list(FILE_ACTIONS[:2])
    assert actions(policy(Access(write=(A,))), "wh/a/f") == list(FILE_ACTIONS[2:5])
    assert actions(policy(Access(delete=(A,))), "wh/a/f") == list(FILE_ACTIONS[5:])
    assert actions(policy(writing(A)), "wh/a/deep/f") == list(FILE_ACTIONS)


def test_each_directory_has_its_own_rights() -> None:
    found = policy(Access(read=(A, B), write=(B,)))
    assert actions(found, "wh/a/f") == list(FILE_ACTIONS[:2])
    assert actions(found, "wh/b/f") == list(FILE_ACTIONS[:5])


@pytest.mark.parametrize("key", ["wh/a", "wh/a2/f", "wh/c/f", "wh/f", "f", "wh/A/f"])
def test_nothing_beside_the_directory_is_allowed(key: str) -> None:
    assert actions(policy(writing(A)), key) == []


def test_a_list_needs_the_directory_as_prefix() -> None:
    found = policy(Access(read=(A,)))
    assert found.allows("s3:ListBucket", BUCKET, prefix="wh/a/")
    assert found.allows("s3:ListBucket", BUCKET, prefix="wh/a/data/x")
    for prefix in ("wh/a", "wh/a2/", "wh/", ""):
        assert not found.allows("s3:ListBucket", BUCKET, prefix=prefix)
    assert not found.allows("s3:ListBucket", BUCKET)
    assert not policy(Access(write=(A,))).allows("s3:ListBucket", BUCKET, prefix="wh/a/")


def test_no_access_at_all_denies_everything() -> None:
    assert session_policy(Access(), place()) == NOTHING
    assert not Policy(NOTHING).allows("s3:GetObject", f"{BUCKET}/wh/a/f")


def test_sts_is_always_denied() -> None:
    text = session_policy(writing(A), place())
    assert json.loads(text)["Statement"][-1] == {
        "Effect": "Deny",
        "Action": "sts:*",
        "Resource": "*",
    }


def test_directories_of_the_same_rights_share_a_statement() -> None:
    statements = json.loads(session_policy(writing(A, B), place()))["Statement"]
    assert statements[0]["Resource"] == [f"{BUCKET}/wh/a/*", f"{BUCKET}/wh/b/*"]


def test_a_directory_in_another_of_as_many_rights_is_left_out() -> None:
    inner = f"{A}/data"
    assert session_policy(writing(A, inner), place()) == session_policy(writing(A), place())
    found = policy(Access(read=(A, inner), write=(inner,)))
    assert actions(found, "wh/a/data/f") == list(FILE_ACTIONS[:5])
    assert actions(found, "wh/a/f") == list(FILE_ACTIONS[:2])


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("eusc-de-east-1", "aws-eusc"),
        ("eu-west-1", "aws"),
    ],
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    found = policy(writing(A), region=region)
    assert actions(found, "wh/a/f", f"arn:{partition}:s3:::bkt") == list(FILE_ACTIONS)


def test_a_compatible_store_has_arns_of_the_public_partition() -> None:
    found = policy(writing(A), region="cn-north-1", endpoint="http://minio:9000")
    assert actions(found, "wh/a/f") == list(FILE_ACTIONS)


def test_a_kms_key_is_allowed_by_its_arn() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/abc"
    options = {"s3.bucket": "bkt", "s3.prefix": "wh", "s3.sse.key": key, "s3.region": "eu-west-1"}
    found = Policy(session_policy(Access(read=(A,)), place_of(options)))
    assert found.allows("kms:Decrypt", key)
    assert not found.allows("kms:GenerateDataKey", key)
    assert not found.allows("kms:Decrypt", f"{key}2")
    found = Policy(session_policy(writing(A), place_of(options)))
    assert found.allows("kms:GenerateDataKey", key)


@pytest.mark.parametrize("key", ["", "alias/lake", "arn:aws:kms:eu-west-1:1:alias/lake"])
def test_a_kms_key_without_arn_is_allowed_through_s3_only(key: str) -> None:
    options = {
        "s3.bucket": "bkt",
        "s3.region": "eu-west-1",
        "s3.sse.type": "kms",
        "s3.sse.key": key,
    }
    found = Policy(session_policy(writing("s3://bkt/a"), place_of(options)))
    anyone = "arn:aws:kms:eu-west-1:1:key/x"
    assert found.allows("kms:Decrypt", anyone, via="s3.eu-west-1.amazonaws.com")
    assert not found.allows("kms:Decrypt", anyone, via="ec2.eu-west-1.amazonaws.com")
    assert not found.allows("kms:Decrypt", anyone)


def test_the_text_is_plain_ascii_without_spaces() -> None:
    text = session_policy(writing("s3://bkt/wh/a b/ü"), place())
    assert text.isascii()
    assert " " not in text
    assert actions(Policy(text), "wh/a b/ü/f") == list(FILE_ACTIONS)


def test_what_nearly_fits_goes_without_what_is_not_needed() -> None:
    found = [f"s3://bkt/wh/{'x' * 40}{number}" for number in range(14)]
    text = session_policy(writing(*found), place())
    assert len(text) <= MAX_CHARACTERS
    assert "s3:GetBucketLocation" not in text
    assert "s3:GetObjectVersion" not in text
    assert "s3:GetObject" in actions(Policy(text), f"wh/{'x' * 40}13/f")


def test_what_does_not_fit_is_refused_with_the_paths() -> None:
    found = [f"s3://bkt/wh/{'x' * 90}{number}" for number in range(20)]
    with pytest.raises(BadRequest, match="do not fit into one session policy") as raised:
        session_policy(Access(read=tuple(found)), place())
    assert all(location in raised.value.message for location in found)


def test_a_whole_bucket_and_what_is_outside_are_refused() -> None:
    bare = place_of({"s3.bucket": "bkt"})
    with pytest.raises(BadRequest, match="is a whole bucket"):
        session_policy(writing("s3://bkt"), bare)
    for location in ("s3://bkt/other", "s3://else/wh/a", "s3://bkt/wh2/a"):
        with pytest.raises(Forbidden, match="is outside of"):
            session_policy(writing(location), place())


def test_six_long_or_29_short_directories_fit() -> None:
    long = [f"s3://bkt/wh/{'x' * 106}{number}" for number in range(6)]
    short = [f"s3://bkt/wh/t{number:02}" for number in range(29)]
    assert len(session_policy(writing(*long), place())) <= MAX_CHARACTERS
    assert len(session_policy(writing(*short), place())) <= MAX_CHARACTERS
