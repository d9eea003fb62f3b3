"""An object store that takes its time keeps nobody but its own tables waiting."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm, farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    SCHEMA,
    Answer,
    Connection,
    Head,
    load,
    make_namespace,
    make_table,
    table_path,
)
from tests.servers.stores import StoreEnviron

pytestmark = pytest.mark.integration
TIMEOUT = 4.0
WAITING = 6


class Mute:
    """An object store that accepts connections and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._kept: list[socket.socket] = []
        self.asked = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._kept.append(self._listener.accept()[0])
                self.asked.set()

    def close(self) -> None:
        """Break every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (*self._kept, self._listener):
            each.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    made = Mute()
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path, store_environ: StoreEnviron) -> Iterator[Farm]:
    """Serve with a short request time-out."""
    environ = store_environ() | {"PANGOLIN_REQUEST_TIMEOUT": str(TIMEOUT)}
    with farm(tmp_path, workers=2, **environ) as running:
        yield running


def make_slow_catalog(root: Connection, mute: Mute) -> None:
    config = {
        "type": "s3",
        "s3.bucket": "slow",
        "s3.region": "us-east-1",
        "s3.endpoint": mute.url,
        "s3.access-key-id": "key",
        "s3.secret-access-key": "secret",
    }
    made = root.ask("POST", "/api/v1/warehouses", {"name": "slow", "storage_config": config})
    assert made.status == 201, made
    catalog = {"name": "slow", "warehouse": "slow"}
    assert root.ask("POST", "/api/v1/catalogs", catalog).status == 201
    assert root.ask("POST", "/v1/slow/namespaces", {"namespace": ["storm"]}).status == 200


def create_slowly(root: Connection) -> tuple[Answer, float]:
    mine = Connection(root.url, root.authorization)
    began = time.monotonic()
    body = {"name": "slow", "schema": SCHEMA}
    answer = mine.ask("POST", "/v1/slow/namespaces/storm/tables", body)
    mine.close()
    return answer, time.monotonic() - began


def test_a_slow_object_store_does_not_stop_other_tables(server: Farm, mute: Mute) -> None:
    root = server.connect()
    make_namespace(root)
    make_table(root, "quick")
    make_slow_catalog(root, mute)
    with ThreadPoolExecutor(WAITING) as pool:
        waiting = [pool.submit(create_slowly, root) for _ in range(WAITING)]
        assert mute.asked.wait(20)
        longest = _work_meanwhile(root)
        answers = [each.result() for each in waiting]
    assert longest < 1
    for answer, seconds in answers:
        assert answer.status == 503, answer
        assert int(answer.headers["Retry-After"]) >= 1
        assert seconds < TIMEOUT * 2.5
    assert root.ask("HEAD", table_path("slow", prefix="slow")).status == 404
    root.close()


def _work_meanwhile(root: Connection) -> float:
    """Commit and load for a second; return the time of the slowest round."""
    longest, rounds = 0.0, 0
    give_up = time.monotonic() + 1
    while time.monotonic() < give_up:
        began = time.monotonic()
        commit = Head.of(root, "quick").append(rounds + 1)
        assert root.ask("POST", table_path("quick"), commit).status == 200
        assert load(root, "quick").status == 200
        longest, rounds = max(longest, time.monotonic() - began), rounds + 1
    assert len(history(root, "quick")) == rounds
    return longest
