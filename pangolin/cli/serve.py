"""`pangolin serve`: prepare the store, then run gunicorn in this process."""

import os
import shutil
import tempfile
from dataclasses import replace
from typing import Any

import click

from pangolin.errors import BadRequest, PangolinError
from pangolin.settings import Settings
from pangolin.web import logs, loopback

METRICS = "PROMETHEUS_MULTIPROC_DIR"


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0: any free one.")
@click.option("--workers", type=click.IntRange(0), help="Worker processes; 0: one per core.")
@click.option("--threads", type=click.IntRange(1), help="Threads per worker process.")
def serve(**given: Any) -> None:
    """Prepare the store and serve both APIs under gunicorn.

    What is not given here comes from the environment; see `pangolin settings`.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = Settings.from_environ(**chosen)
    loopback.check_settings(settings)
    settings = _sized(settings)
    logs.configure(settings)
    directory = _metrics_directory()

    # Only now: prometheus_client reads the variable when it is imported.
    from pangolin.cli.gunicorn import Gunicorn

    try:
        server = Gunicorn(settings, metrics=directory)
    except PangolinError:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    server.run()


def _metrics_directory() -> str:
    if METRICS not in os.environ:
        os.environ[METRICS] = tempfile.mkdtemp(prefix="pangolin-metrics-")
    return os.environ[METRICS]


def _sized(settings: Settings) -> Settings:
    """Fill in the number of workers; records in memory cannot be shared by several."""
    if settings.effective_store_url.startswith("memory:"):
        if settings.workers > 1:
            raise BadRequest("PANGOLIN_WORKERS must be 1 with the store 'memory:'")
        return replace(settings, workers=1)
    return replace(settings, workers=settings.workers or max(2, os.cpu_count() or 1))
