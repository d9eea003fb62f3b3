"""Commands of a first user against a live server without sign-in, typed to the letter.

Only `http://localhost:8080` becomes the server's address, which is on a free port.
The server's environment names the STS; S3 itself is out of reach, so nothing leaves this machine.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.live import Live, serving
from tests.servers.moto import Moto, running_moto, who

pytestmark = pytest.mark.integration
# The discard port: S3 is asked through a proxy that is not there.
ALONE = {"PANGOLIN_NO_AUTH": "true", "HTTPS_PROXY": "http://127.0.0.1:9"}
ALONE |= {"AWS_EC2_METADATA_DISABLED": "true", "PANGOLIN_REQUEST_TIMEOUT": "6"}
TURN_ON = (
    """curl -X POST http://localhost:8080/api/v1/warehouses -H "Content-Type: application/json" -d '{"name":"test-wh","use_sts":false,"storage_config":{"type":"s3","bucket":"test"}}'""",  # noqa: E501
    """curl -X PUT http://localhost:8080/api/v1/warehouses/test-wh -H "Content-Type: application/json" -d '{"use_sts":true,"storage_config":{"role_arn":"arn:aws:iam::123:role/test"}}'""",  # noqa: E501
    """curl http://localhost:8080/api/v1/warehouses/test-wh""",
)
VEND = (
    """curl -X POST http://localhost:8080/api/v1/warehouses -H "Content-Type: application/json" -d '{"name":"sts-wh","use_sts":true,"storage_config":{"type":"s3","role_arn":"arn:aws:iam::123456789:role/PangolinDataAccess","bucket":"my-bucket","region":"us-east-1"}}'""",  # noqa: E501
    """curl -X POST http://localhost:8080/api/v1/catalogs -H "Content-Type: application/json" -d '{"name":"test-catalog","warehouse":"sts-wh"}'""",  # noqa: E501
    """curl http://localhost:8080/api/v1/catalogs/test-catalog/tables/db.table/credentials""",
)
Answer = tuple[int, Any]


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """A server that is an STS."""
    with running_moto() as server:
        yield server


@pytest.fixture
def environ(moto: Moto) -> dict[str, str]:
    """An environment with a key, and with the STS in which it is known."""
    key = {"AWS_ACCESS_KEY_ID": moto.access_key, "AWS_SECRET_ACCESS_KEY": moto.secret_key}
    return {**ALONE, **key, "AWS_ENDPOINT_URL_STS": moto.endpoint}


def typed(server: Live, commands: tuple[str, ...]) -> list[Answer]:
    """Type commands into a shell; return each status and body."""
    return [_typed(server, command) for command in commands]


def _typed(server: Live, command: str) -> Answer:
    line = command.replace("http://localhost:8080", server.url)
    line += " -sS -w '\\n%{http_code}'"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def failed(warehouse: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["detail"] for each in warehouse["checks"]}


@pytest.mark.parametrize("mode", ["", "off"])
def test_sessions_are_turned_on_for_a_warehouse(
    environ: dict[str, str], tmp_path: Path, mode: str
) -> None:
    chosen = {"PANGOLIN_WAREHOUSE_CHECKS": mode} if mode else {}
    with serving(tmp_path, environ | chosen) as server:
        (made, _), (changed, _), (read, warehouse) = typed(server, TURN_ON)
    assert (made, changed, read) == (201, 200, 200)
    assert warehouse["use_sts"] is True
    assert warehouse["storage_config"]["s3.role-arn"] == "arn:aws:iam::123:role/test"
    said = {} if mode == "off" else failed(warehouse)
    wanted = "s3.role-arn: an account id has 12 digits, and 123 has 3 digits"
    assert said.get("role") == (None if mode == "off" else wanted)


def test_a_table_that_was_never_made_gets_a_session(
    environ: dict[str, str], moto: Moto, tmp_path: Path
) -> None:
    with serving(tmp_path, environ) as server:
        (made, warehouse), (filled, catalog), (vended, found) = typed(server, VEND)
    assert (made, filled, vended) == (201, 201, 200)
    assert "123456789 has 9 digits" in failed(warehouse)["role"]
    assert catalog["warehouse_name"] == "sts-wh"
    assert found["s3.access-key-id"] != moto.access_key
    assert found["location"].startswith("s3://my-bucket/test-catalog/db/table-")
    assert "assumed-role/PangolinDataAccess/" in who(moto, found)


def test_a_server_without_credentials_says_which_to_set(tmp_path: Path) -> None:
    with serving(tmp_path, ALONE) as server:
        (made, warehouse), (filled, _), (refused, body) = typed(server, VEND)
    assert (made, filled, refused) == (201, 201, 503)
    assert "role" in failed(warehouse)
    message = body["error"]["message"]
    assert message.startswith("the server has no credentials of its own to call STS with: set ")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "s3.secret-access-key"):
        assert name in message


@pytest.mark.parametrize("command", [TURN_ON[1], VEND[0]])
def test_require_refuses_an_account_id_that_cannot_be(
    environ: dict[str, str], tmp_path: Path, command: str
) -> None:
    plain = {"PANGOLIN_WAREHOUSE_CHECKS": "off"}
    with serving(tmp_path, environ | plain) as server:
        typed(server, TURN_ON[:1])
    with serving(tmp_path, environ | {"PANGOLIN_WAREHOUSE_CHECKS": "require"}) as server:
        [(status, body)] = typed(server, (command,))
        _, warehouse = _typed(server, TURN_ON[2])
    assert status == 400
    assert "role: s3.role-arn: an account id has 12 digits" in body["error"]["message"]
    assert "role" in failed(body["error"]["details"])
    assert warehouse["use_sts"] is False
