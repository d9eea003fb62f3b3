"""The server as a process: its start, its workers, its limits and its end."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.headers import basic
from tests.servers.live import PASSWORD, Live, serving

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A quick-start server with three workers, JSON logs and small limits."""
    environ = {
        "PANGOLIN_ROOT_PASSWORD": PASSWORD,
        "PANGOLIN_LOG_FORMAT": "json",
        "PANGOLIN_MAX_BODY_BYTES": "2000",
    }
    with serving(tmp_path_factory.mktemp("live"), environ, "--workers", "3") as server:
        yield server


def workers(server: Live) -> set[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return {int(word) for word in children.read_text().split()}


def test_the_first_start_prints_what_works_when_pasted(tmp_path: Path) -> None:
    with serving(tmp_path, {}) as server:
        assert "user root has the password" in server.printed
        assert str(tmp_path / "pangolin-data") in server.printed
        lines = server.printed[server.printed.index("import pyarrow") :].strip()
        assert len(lines.splitlines()) == 6
        pasted = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert "id: [[1,2,3]]" in pasted.stdout, pasted.stderr


def test_the_start_reports_a_variable_that_is_no_setting(tmp_path: Path) -> None:
    with serving(tmp_path, {"PANGOLIN_THREAD": "2"}) as server:
        log = server.logged
    assert "PANGOLIN_THREAD is not a setting and has no effect; did you mean" in log


def test_a_second_start_shows_no_password_and_keeps_what_was_deleted(tmp_path: Path) -> None:
    environ = {"PANGOLIN_ROOT_PASSWORD": PASSWORD}
    with serving(tmp_path, environ) as server:
        assert server.ask("/api/v1/catalogs/lakehouse", "DELETE")[0] == 204
    with serving(tmp_path, environ) as server:
        assert PASSWORD not in server.printed
        assert server.ask("/v1/config")[0] == 404


def test_the_quick_start_makes_a_warehouse_and_a_catalog(live: Live) -> None:
    assert live.ask("/v1/config")[0] == 200
    assert live.ask("/v1/lakehouse/namespaces")[0] == 200


def test_health_and_readiness_are_open(live: Live) -> None:
    assert live.ask("/health/live", Authorization="") == (200, {"status": "alive"})
    assert live.ask("/health/ready", Authorization="")[1] == {"status": "ready", "store": "ok"}


def test_metrics_are_those_of_all_workers(live: Live) -> None:
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: live.ask("/api/v1/users/me"), range(60)))
    totals = set()
    for _ in range(5):
        text = live.ask("/metrics")[1]
        found = re.search(r"pangolin_http_requests_total\{[^}]*users/me[^}]*\} (\S+)", text)
        assert found, text
        totals.add(float(found[1]))
    assert totals == {60.0}


def test_a_token_is_revoked_on_every_worker(live: Live) -> None:
    body = {"username": "root", "password": PASSWORD}
    token = f"Bearer {live.ask('/api/v1/users/login', 'POST', body)[1]['token']}"
    assert {live.ask("/api/v1/users/me", Authorization=token)[0] for _ in range(9)} == {200}
    assert live.ask("/api/v1/users/logout", "POST", Authorization=token)[0] == 204
    assert {live.ask("/api/v1/users/me", Authorization=token)[0] for _ in range(9)} == {401}


def test_log_lines_are_json_with_request_id_and_raw_path_and_no_secret(live: Live) -> None:
    live.ask("/v1/lakehouse/namespaces/a%2Fb", **{"X-Request-Id": "my-request"})
    live.ask("/v1/config", Authorization=basic("root", "wrong secret"))
    lines = [json.loads(line) for line in live.logged.splitlines()]
    [mine] = [line for line in lines if line["request_id"] == "my-request"]
    assert mine["path"] == "/v1/lakehouse/namespaces/a%2Fb"
    assert (mine["method"], mine["status"], mine["principal"]) == ("GET", 404, "root")
    assert mine["ms"] > 0
    assert not re.search("correct horse|wrong secret|Basic ", live.logged)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_413(live: Live, chunked: bool) -> None:
    connection = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=10)
    data = json.dumps({"username": "x" * 3000, "password": "y"}).encode()
    headers = {"Content-Type": "application/json"}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    sent = iter([data[:1500], data[1500:]]) if chunked else data
    connection.request("POST", "/api/v1/users/login", sent, headers, encode_chunked=chunked)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert (answer.status, body["error"]["code"]) == (413, 413), body


def test_a_killed_worker_is_replaced(live: Live) -> None:
    before = workers(live)
    os.kill(min(before), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(workers(live) - before) < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(workers(live)) == 3
    assert {live.ask("/api/v1/users/me")[0] for _ in range(20)} == {200}


def test_shutdown_finishes_what_is_running_and_cleans_up(tmp_path: Path) -> None:
    environ = {"PANGOLIN_ROOT_PASSWORD": PASSWORD, "TMPDIR": str(tmp_path)}
    with serving(tmp_path, environ) as server:
        host, port = urlsplit(server.url).netloc.split(":")
        body = json.dumps({"username": "root", "password": PASSWORD}).encode()
        head = (
            f"POST /api/v1/users/login HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        # The port is open before a worker is there to accept.
        assert server.ask("/api/v1/users/me")[0] == 200
        with socket.create_connection((host, int(port)), timeout=20) as slow:
            slow.sendall(head.encode() + body[:5])
            time.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            threading.Timer(1, slow.sendall, (body[5:],)).start()
            answer = slow.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.process.wait(30) == 0
    assert not list(tmp_path.glob("pangolin-metrics-*"))


def test_records_in_memory_are_served_by_one_worker(tmp_path: Path) -> None:
    environ = {"PANGOLIN_ROOT_PASSWORD": PASSWORD, "PANGOLIN_STORE_URL": "memory:"}
    with serving(tmp_path, environ) as server:
        # The port is open before the first worker is there to answer.
        assert {server.ask("/api/v1/users/me")[0] for _ in range(5)} == {200}
        assert len(workers(server)) == 1


def test_several_servers_may_start_on_one_store_at_once(tmp_path: Path) -> None:
    environ = {"PANGOLIN_ROOT_PASSWORD": PASSWORD, "PANGOLIN_DATA_DIR": str(tmp_path / "data")}

    def start(number: int) -> int:
        own = tmp_path / str(number)
        own.mkdir()
        with serving(own, environ) as server:
            return int(server.ask("/v1/lakehouse/namespaces")[0])

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(start, range(3))) == [200, 200, 200]
