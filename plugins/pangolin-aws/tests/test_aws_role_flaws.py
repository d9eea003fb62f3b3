"""Roles whose account id Amazon cannot have given out: saved, and told as a failed check."""

import pytest
from pangolin_aws import pangolin_object_stores
from pangolin_aws.role import check_role, flaw_of
from pangolin_aws.vendors import vendors

from pangolin.plugin import BadRequest, Check, Settings

from .grants import ROLE, warehouse

SHORT = "arn:aws:iam::123:role/test"
PROBE = "s3://bkt/wh/.pangolin-check-1"


def flaws(**options: str) -> list[Check]:
    [backend] = pangolin_object_stores()
    config = warehouse(**options).config
    assert backend.root(config, Settings()) == "s3://bkt/wh"
    return list(backend.flaws(config))


@pytest.mark.parametrize(
    ("digits", "words"),
    [("1", "1 digit"), ("123456789", "9 digits"), ("1234567890123", "13 digits")],
)
def test_the_digits_of_an_account_id_are_counted(digits: str, words: str) -> None:
    [found] = flaws(role_arn=f"arn:aws:iam::{digits}:role/test")
    assert (found.name, found.result) == ("role", "failed")
    wanted = f"s3.role-arn: an account id has 12 digits, and {digits} has {words}"
    assert found.detail == wanted
    assert found.remedy


@pytest.mark.parametrize("arn", ["", ROLE, "role", "arn:aws:iam:::role/some"])
def test_nothing_else_is_a_flaw(arn: str) -> None:
    assert flaw_of(arn) is None


def test_a_compatible_stores_account_ids_are_its_own() -> None:
    assert flaws(role_arn=SHORT, endpoint="https://s3.example.org") == []


def test_a_role_of_another_partition_is_refused_whatever_its_digits() -> None:
    with pytest.raises(BadRequest, match="to the partition aws, and the region cn-north-1"):
        check_role(SHORT, "cn-north-1", compatible=False)


@pytest.mark.parametrize("strategy", ["AwsSts", "AwsWebIdentity", "S3RemoteSigning"])
def test_the_role_of_a_strategy_is_looked_at_too(strategy: str) -> None:
    settings = Settings(server_identity=True)
    [vendor] = [each for each in vendors(settings) if each.strategies == (strategy,)]
    place = warehouse({strategy: {"role_arn": SHORT}})
    vendor.validate(place, settings)
    first = next(iter(vendor.check(place, PROBE)))
    assert (first.name, first.result) == ("role", "failed")
