"""Fixtures of the SQL store's tests."""

import multiprocessing
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.servers.ports import free_port as find_free_port
from tests.servers.postgres import Postgres, postgres

__all__ = ["postgres"]
NOBODY = 65534


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A directory that every user may enter and write, unlike `tmp_path`."""
    path = Path(tempfile.mkdtemp(prefix="pangolin-sql-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A URL with a schema of this test's own, which does not exist yet."""
    # SQLite is tested where the driver is not installed, too.
    import psycopg

    schema = f"t_{uuid.uuid4().hex}"
    yield f"{postgres.url}?schema={schema}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for name in (schema, f"{schema}_2"):
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())


@pytest.fixture
def free_port() -> int:
    """A loopback port on which nobody answers."""
    return find_free_port()


@pytest.fixture
def run_unprivileged() -> Callable[..., Any]:
    """A function that runs a job in a child whom file permissions bind; they do not bind root."""
    return _run_unprivileged


def _run_unprivileged(job: Callable[..., Any], *arguments: Any) -> Any:
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    process = fork.Process(target=_work, args=(theirs, job, arguments))
    process.start()
    process.join()
    assert process.exitcode == 0, "the job failed; its traceback is above"
    return mine.recv()


def _work(answer: Connection, job: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    answer.send(job(*arguments))
