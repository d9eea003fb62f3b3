"""Run a job as a user whom file permissions bind, since they do not bind root."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

NOBODY = 65534


def _work(answer: Connection, job: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    answer.send(job(*arguments))


def run_unprivileged(job: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the job returns in a child process without privileges."""
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    process = fork.Process(target=_work, args=(theirs, job, arguments))
    process.start()
    process.join()
    assert process.exitcode == 0, "the job failed; its traceback is above"
    return mine.recv()
