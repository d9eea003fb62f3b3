"""Gunicorn, configured from our settings and run in this process."""

import ctypes
import logging
import shutil
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from prometheus_client import multiprocess

from pangolin.app import create_app
from pangolin.cli.banner import banner
from pangolin.cli.sessions import opened_server
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.operations.doctor import failed_trials
from pangolin.settings import Settings

log = logging.getLogger(__name__)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MIB = 2**20
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a heartbeat on a slow disk stops a worker


class PlainLogger(Logger):
    """Gunicorn's own messages, through the handlers that `logs.configure` installed."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(cfg.loglevel.upper())


class Gunicorn(BaseApplication):
    """The server: workers with threads, one application in each.

    The store is prepared first, in the master, and closed before workers are forked.
    """

    def __init__(self, settings: Settings, metrics: str) -> None:
        self._settings = settings
        self._metrics = metrics
        self._password = ""
        self._in_memory = settings.effective_store_url.startswith("memory:")
        super().__init__()
        if not self._in_memory:
            with opened_server(settings) as server:
                self._password = prepare(server.runtime)

    def load_config(self) -> None:
        """Set gunicorn's options; those an older gunicorn does not know are left out."""
        for name, value in self._options().items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return {
            "bind": f"{host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": "gthread",
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
            "graceful_timeout": settings.graceful_timeout,
            "timeout": int(settings.request_timeout) + 60,
            "keepalive": 65,
            "limit_request_line": 8190,
            "logger_class": PlainLogger,
            "loglevel": "info" if settings.log_level == "debug" else "warning",
            "proc_name": "pangolin",
            "preload_app": self._in_memory,
            "control_socket_disable": True,
            "when_ready": self._announce,
            "post_worker_init": keep_large_blocks,
            "child_exit": forget_worker,
            "on_exit": self._clean,
        }

    def load(self) -> Flask:
        """Build the application of one worker; a store in memory is prepared in its own."""
        app = create_app(self._settings)
        if self._in_memory:
            self._password = prepare(app.extensions["pangolin"].runtime)
        return app

    def _announce(self, arbiter: Any) -> None:
        host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
        click.echo(banner(self._settings, host, port, self._password))

    def _clean(self, _arbiter: Any) -> None:
        shutil.rmtree(self._metrics, ignore_errors=True)


def prepare(runtime: Runtime) -> str:
    """Initialise the store, print what was done and return root's password if it is new."""
    done = initialise(runtime)
    notes = list(done.notes)
    if runtime.settings.is_quick_start:
        from pangolin.services.operations.quick_start import quick_start

        notes += quick_start(runtime)
    for note in notes:
        click.echo(note)
    for found in failed_trials(runtime):
        # For example a store that obeys headers that were not signed: the operator must know.
        log.warning("%s failed: %s -> %s", found.part, found.problem, found.remedy)
    return done.root_password


def keep_large_blocks(_worker: Any) -> None:
    """Let glibc keep the memory of large answers instead of faulting it in for each request."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    libc.mallopt(M_MMAP_THRESHOLD, 32 * MIB)
    libc.mallopt(M_TRIM_THRESHOLD, 64 * MIB)


def forget_worker(_arbiter: Any, worker: Any) -> None:
    """Drop the gauges of a worker that ended; its counters stay."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
