"""`pangolin serve`: prepare the store, then run gunicorn in this process."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from pangolin.errors import BadRequest, PangolinError
from pangolin.settings import Settings
from pangolin.web.http import logs, loopback

METRICS = "PROMETHEUS_MULTIPROC_DIR"


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0: any free one.")
@click.option(
    "--workers", type=click.IntRange(0), help="Worker processes; 0: one per core, at least 2."
)
@click.option("--threads", type=click.IntRange(1), help="Threads per worker process.")
def serve(**given: Any) -> None:
    """Prepare the store and serve both APIs under gunicorn.

    Options that are left out come from the environment; see `pangolin settings`.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = Settings.from_environ(**chosen)
    loopback.check_settings(settings)
    settings = _sized(settings)
    logs.configure(settings)
    logs.warn_unknown_variables()
    with _metrics_directory() as directory:
        # Only now: prometheus_client reads the variable when it is imported.
        from pangolin.cli.gunicorn import Gunicorn

        server = Gunicorn(settings, metrics=directory)
    server.run()


@contextmanager
def _metrics_directory() -> Iterator[str]:
    """Choose where the workers share metrics; gunicorn removes it if it was started."""
    before = os.environ.get(METRICS)
    directory = tempfile.mkdtemp(prefix="pangolin-metrics-", dir=before)
    os.environ[METRICS] = directory
    try:
        yield directory
    except PangolinError:
        shutil.rmtree(directory, ignore_errors=True)
        os.environ.pop(METRICS)
        raise


def _sized(settings: Settings) -> Settings:
    """Fill in the number of workers; several cannot share records in memory."""
    if settings.effective_store_url.startswith("memory:"):
        if settings.workers > 1:
            raise BadRequest("PANGOLIN_WORKERS must be 1 with the store 'memory:'")
        return replace(settings, workers=1)
    return replace(settings, workers=settings.workers or max(2, os.cpu_count() or 1))
