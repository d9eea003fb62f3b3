import re

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pangolin_aws.names import external_id, session_name, session_tags
from pangolin_aws.partitions import is_amazons, partition_of
from pangolin_aws.role import check_role

from pangolin.plugin import Access, BadRequest, Grant, Warehouse

from .grants import ROLE, grant, warehouse


@given(st.text(), st.text())
def test_a_session_is_named_after_its_principal(principal: str, name: str) -> None:
    found = session_name(Grant(warehouse(), Access(), principal, name, 900))
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", found, re.ASCII)


def test_principals_whose_names_look_alike_have_sessions_of_different_names() -> None:
    names = [session_name(grant(warehouse(), Access(), name)) for name in ("a b", "a?b", "a_b")]
    assert len(set(names)) == 3
    assert all(name.endswith("-a_b") for name in names)


@given(st.text(max_size=400))
def test_tags_have_legal_values(name: str) -> None:
    tags = session_tags(grant(warehouse(), Access(), name))
    legal = re.compile(r"[\w .:/=+@-]{0,256}", re.ASCII)
    assert all(legal.fullmatch(value) for value in tags.values())


def test_an_external_id_is_the_warehouses_own_and_does_not_change() -> None:
    first = Warehouse("t1", "w1", "name", 1, {})
    assert external_id(first) == external_id(Warehouse("t1", "w1", "renamed", 7, {}))
    others = [Warehouse("t2", "w1", "name", 1, {}), Warehouse("t1", "w2", "name", 1, {})]
    assert len({external_id(first), *map(external_id, others)}) == 3
    assert re.fullmatch(r"pangolin-[0-9a-f]{32}", external_id(first))


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (ROLE, "eu-west-1"),
        ("arn:aws-cn:iam::123456789012:role/x", "cn-north-1"),
        ("arn:aws-us-gov:iam::123456789012:role/x", "us-gov-west-1"),
        ("arn:aws-eusc:iam::123456789012:role/a/b/c", "eusc-de-east-1"),
    ],
)
def test_a_role_of_the_regions_partition_is_good(arn: str, region: str) -> None:
    check_role(arn, region, compatible=False)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/x\n",
        "arn:aws:iam::12345678901２:role/x",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:role/",
        f"arn:aws:iam::123456789012:role/{'x' * 65}",
        "arn:aws:sts::123456789012:assumed-role/x/y",
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam:::role/x",
        f"arn:aws:iam::{'1' * 33}:role/x",
        "arn:aws:iam::12345a:role/x",
        "arn:aws:iam::123456789012:role/aws-service-role/x",
        "arn:aws:iam::123456789012:role/aws-reserved/x",
        "arn:other:iam::123456789012:role/x",
        "role",
    ],
)
def test_what_is_no_role_is_refused(arn: str) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.role-arn must be a role"):
        check_role(arn, "eu-west-1", compatible=False)


def test_a_role_of_another_partition_is_refused() -> None:
    with pytest.raises(BadRequest, match="to the partition aws, and the region cn-north-1"):
        check_role(ROLE, "cn-north-1", compatible=False)


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam:::role/some", "arn:minio:iam:::role/abcdef", "urn:ecs:iam::ns:role/some"]
)
def test_a_compatible_store_has_roles_of_its_own_form(arn: str) -> None:
    check_role(arn, "us-east-1", compatible=True)
    with pytest.raises(BadRequest):
        check_role("urn:x", "us-east-1", compatible=True)


def test_partitions_are_those_of_amazons_sdk() -> None:
    session = boto3.session.Session()
    known = session.get_available_partitions()
    assert "aws" in known
    for partition in known:
        regions = session.get_available_regions("sts", partition)
        assert {partition_of(region).name for region in regions} <= {partition}


def test_amazons_own_hosts_are_known() -> None:
    assert is_amazons("s3.eu-west-1.amazonaws.com")
    assert is_amazons("bucket.vpce-1.s3.cn-north-1.vpce.amazonaws.com.cn")
    assert not is_amazons("amazonaws.com.evil.example")
    assert not is_amazons("notamazonaws.com")
