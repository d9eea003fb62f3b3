"""A reader's machine: an empty home directory, DuckDB's extensions, and our command in the path."""

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

EXTENSIONS = ("avro", "httpfs", "iceberg")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def environ_of(home: Path) -> dict[str, str]:
    """Return the environment of a reader in whose Python Pangolin and the clients are installed."""
    own = Path(sys.executable).parent
    return {
        "HOME": str(home),
        "PYICEBERG_HOME": str(home),
        "PATH": f"{own}:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        # What a page tells to install is there; nothing is fetched.
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def install_extensions(home: Path) -> None:
    """Put DuckDB's extensions where `INSTALL` would, from the wheels that carry them."""
    version = f"v{duckdb.__version__}"
    system = "osx" if sys.platform == "darwin" else "linux"
    where = home / ".duckdb/extensions" / version / f"{system}_{MACHINES[platform.machine()]}"
    where.mkdir(parents=True)
    for name in EXTENSIONS:
        spec = importlib.util.find_spec(f"duckdb_extension_{name}")
        if spec is None or spec.origin is None:
            pytest.skip(f"duckdb-extension-{name} is not installed")
        found = Path(spec.origin).parent / "extensions" / version / f"{name}.duckdb_extension"
        shutil.copy(found, where)
