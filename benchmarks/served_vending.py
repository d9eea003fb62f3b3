"""Pangolin with a vendor that answers at once, as `python -m benchmarks.vending` serves it.

python -m benchmarks.served_vending PORT
"""

import os
import sys

from flask import Flask

from pangolin.app import create_app
from pangolin.cli.gunicorn import Gunicorn
from pangolin.settings import Settings
from pangolin.web.http import logs
from tests.credentials.vendor import CountingPlugin, CountingVendor

# Anyone who starts this sets it: prometheus_client reads it when it is imported.
METRICS = "PROMETHEUS_MULTIPROC_DIR"


class Vending(Gunicorn):
    """The product's server with one more plugin."""

    def load(self) -> Flask:
        """Build the application of one worker."""
        return create_app(self._settings, plugins=[CountingPlugin(CountingVendor())])


if __name__ == "__main__":
    chosen = Settings.from_environ(port=int(sys.argv[1]))
    logs.configure(chosen)
    Vending(chosen, os.environ[METRICS]).run()
