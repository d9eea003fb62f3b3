"""Processes that are killed in the middle of a storm of commits, and a server that starts again."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.storm import gather, history, processes, start_appends
from tests.end_to_end.concurrency.wire import Connection, Tally, load, make_table

pytestmark = pytest.mark.integration
TABLES = ["shared", "shared", "shared", "own1", "own2", "own3"]
SECONDS = 6.0


def storm(server: Farm, root: Connection, fault: Callable[[], None]) -> Tally:
    """Append for some seconds, letting `fault` happen in the middle."""
    for table in set(TABLES):
        make_table(root, table)
    with processes(len(TABLES)) as pool:
        appends = start_appends(
            pool, root.url, root.authorization, TABLES, times=100_000, seconds=SECONDS
        )
        time.sleep(SECONDS / 2)
        fault()
        seen = gather(appends)
    # The fault broke this connection too; the next request opens another.
    root.close()
    return seen


def check(root: Connection, seen: Tally) -> None:
    """Every acknowledged commit is there, nothing that was refused, and no file is missing."""
    # A broken connection is the only sign of a fault: never a 4xx that would say "not done".
    assert set(seen.statuses) <= {200, 409}, seen.statuses
    assert len(seen.acknowledged) > 20, "the storm was no storm"
    kept = [snapshot for table in set(TABLES) for snapshot in history(root, table)]
    assert len(kept) == len(set(kept))
    assert set(seen.acknowledged) <= set(kept) <= {*seen.acknowledged, *seen.unknown}
    for table in set(TABLES):
        answer = load(root, table).body
        logged = [each["metadata-file"] for each in answer["metadata"]["metadata-log"]]
        for location in (answer["metadata-location"], *logged):
            assert Path(urlsplit(location).path).stat().st_size > 0


def test_a_killed_worker_loses_no_acknowledged_commit(server: Farm, root: Connection) -> None:
    def fault() -> None:
        for _ in range(3):
            server.kill_worker()
            time.sleep(0.4)

    seen = storm(server, root, fault)
    assert seen.unknown, "the kill came when nothing was running"
    check(root, seen)


def test_a_killed_master_loses_no_acknowledged_commit(server: Farm, root: Connection) -> None:
    def fault() -> None:
        workers = server.pids()
        os.kill(server.master.pid, signal.SIGKILL)
        server.master.wait(30)
        give_up = time.monotonic() + 30
        while any(is_running(pid) for pid in workers) and time.monotonic() < give_up:
            time.sleep(0.1)
        server.start()

    check(root, storm(server, root, fault))


def test_a_power_cut_loses_no_acknowledged_commit(server: Farm, root: Connection) -> None:
    def fault() -> None:
        server.kill()
        server.start()

    check(root, storm(server, root, fault))


def test_a_shutdown_in_a_storm_answers_what_is_running(server: Farm, root: Connection) -> None:
    def fault() -> None:
        assert server.stop() == 0
        server.start()

    check(root, storm(server, root, fault))


def is_running(pid: int) -> bool:
    """Return whether a process is there and not only waiting to be buried."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
