"""Commits whose bodies are too large or stop half-way."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.concurrency.serving import farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    Connection,
    Head,
    make_namespace,
    make_table,
    table_path,
)
from tests.servers.stores import StoreEnviron

pytestmark = pytest.mark.integration
LIMIT = 20_000


@pytest.fixture(scope="module")
def root(
    tmp_path_factory: pytest.TempPathFactory, store_environ: StoreEnviron
) -> Iterator[Connection]:
    """Root's connection to a server that takes small bodies only, with a table `small`."""
    path: Path = tmp_path_factory.mktemp("bodies")
    environ = store_environ() | {"PANGOLIN_MAX_BODY_BYTES": str(LIMIT)}
    with farm(path, workers=2, **environ) as server:
        connection = server.connect()
        make_namespace(connection)
        make_table(connection, "small")
        yield connection
        connection.close()


def commit(root: Connection, padding: int) -> bytes:
    body = Head.of(root, "small").append(1)
    body["updates"].append({"action": "set-properties", "updates": {"pad": "x" * padding}})
    return json.dumps(body).encode()


def head(root: Connection, *lines: str) -> bytes:
    wanted = (
        f"POST {table_path('small')} HTTP/1.1",
        f"Host: {urlsplit(root.url).netloc}",
        f"Authorization: {root.authorization}",
        "Content-Type: application/json",
        *lines,
    )
    return "\r\n".join([*wanted, "", ""]).encode()


def chunks(data: bytes, size: int = 4096) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        part = data[start : start + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def send(root: Connection, *parts: bytes, half_close: bool = False) -> bytes:
    """Send raw bytes; return the answer's first line, empty if there is none."""
    parsed = urlsplit(root.url)
    with socket.create_connection((parsed.hostname, parsed.port), timeout=20) as raw:
        for part in parts:
            try:
                raw.sendall(part)
            except ConnectionError:
                break
        if half_close:
            raw.shutdown(socket.SHUT_WR)
        return raw.recv(65536).partition(b"\r\n")[0]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_commit_above_the_limit_is_413_and_changes_nothing(
    root: Connection, chunked: bool
) -> None:
    data = commit(root, LIMIT)
    told = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(data)}"
    parts = list(chunks(data)) if chunked else [data]
    assert b" 413 " in send(root, head(root, told), *parts)
    assert history(root, "small") == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_commit_whose_body_breaks_off_changes_nothing(root: Connection, chunked: bool) -> None:
    data = commit(root, 100)
    told = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(data)}"
    parts = list(chunks(data, 64))[:3] if chunked else [data[:200]]
    answer = send(root, head(root, told), *parts, half_close=True)
    assert answer == b"" or b" 400 " in answer
    assert history(root, "small") == []


def test_a_chunked_commit_below_the_limit_is_taken(root: Connection) -> None:
    data = commit(root, 100)
    assert b" 200 " in send(root, head(root, "Transfer-Encoding: chunked"), *chunks(data))
    assert history(root, "small") == [1]
