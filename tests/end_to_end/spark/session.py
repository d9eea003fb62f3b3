"""Spark SQL against a server: pyspark in a directory of its own, the session in a process."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.java import classpath, java

PYSPARK = "pyspark==3.5.9"
POM = Path(__file__).with_name("pom.xml")
# Rows that most tests write.
THREE = [(1, "a"), (2, "b"), (3, "c")]
DRIVER = Path(__file__).with_name("driver.py")
SECONDS = 180
EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
CATALOG = "org.apache.iceberg.spark.SparkCatalog"

Row = dict[str, Any]


class SparkError(Exception):
    """A statement failed; the message is Spark's."""


@dataclass(frozen=True, slots=True)
class Spark:
    """A running session."""

    process: "subprocess.Popen[str]"
    log: Path
    added: set[str] = field(default_factory=set)

    def sql(self, statement: str) -> list[Row]:
        """Run a statement and return its rows; raise `SparkError` if Spark does."""
        answer = self.send({"sql": statement})
        if "error" in answer:
            raise SparkError(answer["error"])
        return list(answer["rows"])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows as sorted tuples."""
        return sorted(tuple(row.values()) for row in self.sql(statement))

    def value(self, statement: str) -> Any:
        """Run a query of one row and column; return that value."""
        ((found,),) = self.rows(statement)
        return found

    def add_catalog(self, name: str, properties: dict[str, str]) -> None:
        """Make one more Iceberg REST catalog known to the session, which keeps it to its end."""
        assert name not in self.added, f"the session already has a catalog {name}"
        self.added.add(name)
        for key, value in _catalog(name, properties).items():
            self.sql(f"SET `{key}`=`{value}`")

    def send(self, message: Any) -> Any:
        """Send one message and wait for its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        line = self.process.stdout.readline() if ready else ""
        assert line, f"no answer to {message}:\n{self.log.read_text()[-4000:]}"
        return json.loads(line)


@contextmanager
def session(directory: Path, catalogs: dict[str, dict[str, str]]) -> Iterator[Spark]:
    """Run a session with Iceberg REST catalogs, by name, until the block ends."""
    jars, log = classpath(POM, directory).replace(os.pathsep, ","), directory / "log"
    environ = os.environ | {
        "PYTHONPATH": str(_pyspark()),
        "PYSPARK_SUBMIT_ARGS": f"--driver-memory 1g --jars {jars} pyspark-shell",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(directory),
    }
    java()
    with (
        log.open("wb") as err,
        subprocess.Popen(
            [sys.executable, str(DRIVER)],
            cwd=directory,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        ) as process,
    ):
        running = Spark(process, log)
        try:
            running.send(_configuration(catalogs))
            yield running
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def _configuration(catalogs: dict[str, dict[str, str]]) -> dict[str, str]:
    found = {
        "spark.sql.extensions": EXTENSIONS,
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    for name, properties in catalogs.items():
        found |= _catalog(name, properties)
    return found


def _catalog(name: str, properties: dict[str, str]) -> dict[str, str]:
    prefix = f"spark.sql.catalog.{name}"
    found = {f"{prefix}.{key}": value for key, value in properties.items()}
    return {prefix: CATALOG, f"{prefix}.type": "rest"} | found


def _pyspark() -> Path:
    """Return a directory that holds pyspark and nothing else of this environment's, or skip."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pangolin-tests"
    found = cache / PYSPARK
    if found.exists():
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "pyspark"
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(fresh), PYSPARK]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"pip cannot install {PYSPARK}: {done.stderr[-2000:]}")
        if not found.exists():
            fresh.rename(found)
    return found
