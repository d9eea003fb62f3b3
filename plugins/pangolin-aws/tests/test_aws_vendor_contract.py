"""The published contract of credential vendors, on a server that enforces session policies."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import boto3
import pytest
from pangolin_aws.store import open_store
from pangolin_aws.vendors import vendors

from pangolin.plugin import CredentialVendor, ObjectStore, Settings, Vended, Warehouse
from pangolin.testing import VendorContract
from tests.servers.seaweed import Seaweed

from .grants import on_seaweed

KEY = ("s3.access-key-id", "s3.secret-access-key", "s3.session-token")


def opened(warehouse: Warehouse, key: Mapping[str, str]) -> ObjectStore:
    """Open the whole bucket with a key and with nothing of the warehouse's own."""
    config = {name: value for name, value in warehouse.config.items() if name not in KEY}
    config |= {name: key[name] for name in KEY if name in key}
    return open_store(replace(warehouse, config={**config, "s3.prefix": ""}), Settings())


class TestRoleVendor(VendorContract):
    required = ("s3.bucket", "s3.role-arn")
    secret_options = ("s3.secret-access-key",)
    secret_properties = ("s3.secret-access-key", "s3.session-token")
    # This server does not know IAM's escapes, by which a table of such a name stays shut.
    closed_names = ("star*", "*", "$dollar", "${aws:username}")

    @pytest.fixture
    def vendor(self, settings: Settings) -> CredentialVendor:
        return vendors(settings)[0]

    @pytest.fixture
    def warehouse(self, seaweed: Seaweed) -> Warehouse:
        return on_seaweed(seaweed)

    @pytest.fixture
    def bucket(self, seaweed: Seaweed) -> str:
        return f"s3://{seaweed.bucket}"

    @pytest.fixture
    def root(self, bucket: str) -> str:
        return f"{bucket}/wh"

    @pytest.fixture
    def owner(self, warehouse: Warehouse) -> ObjectStore:
        return opened(warehouse, warehouse.config)

    @pytest.fixture
    def open_for(self, warehouse: Warehouse) -> Callable[[Vended], ObjectStore]:
        return lambda vended: opened(warehouse, vended.config)

    @pytest.fixture
    def principal_in(self, seaweed: Seaweed) -> Callable[[Vended], str]:
        return lambda vended: session_of(seaweed, vended.config)


def session_of(seaweed: Seaweed, config: Mapping[str, str]) -> str:
    """Ask STS whose key it is: the name of the session is in the ARN."""
    sts = boto3.client(
        "sts",
        endpoint_url=seaweed.endpoint,
        region_name="us-east-1",
        aws_access_key_id=config["s3.access-key-id"],
        aws_secret_access_key=config["s3.secret-access-key"],
        aws_session_token=config["s3.session-token"],
    )
    return str(sts.get_caller_identity()["Arn"])
