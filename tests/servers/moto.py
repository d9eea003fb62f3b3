"""A moto server with authentication: Amazon's errors and signatures, but no session policies."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import boto3
import pytest

from tests.servers.seaweed import free_ports

START_SECONDS = 30.0
BUCKET = "moto-bkt"
EXTERNAL_ID = "right-id"


@dataclass(frozen=True, slots=True)
class Moto:
    """A running server: endpoint, a user's key, and the role that she may assume."""

    endpoint: str
    access_key: str
    secret_key: str
    role_arn: str
    bucket: str = BUCKET


@contextmanager
def running_moto() -> Iterator[Moto]:
    """Run a server; from its start on, every request needs a signature."""
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(process, endpoint)
        yield _set_up(endpoint)
    finally:
        process.terminate()
        process.wait(10)


def who(moto: Moto, found: dict[str, str]) -> str:
    """Ask STS whose temporary credential it is."""
    sts = boto3.client(
        "sts",
        endpoint_url=moto.endpoint,
        region_name=found["s3.region"],
        aws_access_key_id=found["s3.access-key-id"],
        aws_secret_access_key=found["s3.secret-access-key"],
        aws_session_token=found["s3.session-token"],
    )
    return str(sts.get_caller_identity()["Arn"])


def _await(process: "subprocess.Popen[bytes]", endpoint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{endpoint}/moto-api/data.json", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail("moto did not start")


def _set_up(endpoint: str) -> Moto:
    iam, s3 = _client("iam", endpoint), _client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    user = iam.create_user(UserName="catalog")["User"]["Arn"]
    everything = _policy(Action=["sts:*", "s3:*"], Resource="*")
    iam.put_user_policy(UserName="catalog", PolicyName="all", PolicyDocument=everything)
    key = iam.create_access_key(UserName="catalog")["AccessKey"]
    trust = _policy(
        Principal={"AWS": user},
        Action="sts:AssumeRole",
        Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    )
    role = iam.create_role(RoleName="Vend", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="Vend", PolicyName="all", PolicyDocument=everything)
    demand = Request(
        f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST"
    )
    with urlopen(demand, timeout=5):
        return Moto(endpoint, key["AccessKeyId"], key["SecretAccessKey"], role)


def _client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="setup",
        aws_secret_access_key="setup",
    )


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
