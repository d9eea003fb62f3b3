"""Pangolin with its records in memory: the process that serves them fills them.

python -m benchmarks.inmemory PORT CLIENTS
"""

import os
import sys

from flask import Flask

from benchmarks.cases import BRANCHED
from benchmarks.world import populate
from pangolin.cli.gunicorn import Gunicorn
from pangolin.settings import Settings
from pangolin.web.http import logs

# Anyone who starts this sets it: prometheus_client reads it when it is imported.
METRICS = "PROMETHEUS_MULTIPROC_DIR"


class Filled(Gunicorn):
    """The product's server; its store is filled before it is served."""

    def __init__(self, settings: Settings, clients: int) -> None:
        self._clients = clients
        super().__init__(settings, os.environ[METRICS])

    def load(self) -> Flask:
        """Build the application and fill its store."""
        app = super().load()
        populate(app.extensions["pangolin"].runtime, self._clients, BRANCHED)
        return app


if __name__ == "__main__":
    port, clients = map(int, sys.argv[1:3])
    chosen = Settings.from_environ(port=port, request_timeout=3600.0)
    logs.configure(chosen)
    Filled(chosen, clients).run()
