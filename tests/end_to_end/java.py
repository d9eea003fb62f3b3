"""Java, and classpaths that Maven makes; a test that needs them is skipped where they are missing.

Maven keeps what it fetches in its own repository directory, so only the first run needs a network.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
SECONDS = 600


def java() -> str:
    """Find the Java launcher, or skip."""
    return _program("java", "Java 17 or newer is not installed")


def classpath(pom: Path, directory: Path) -> str:
    """Fetch what a pom names and join the jars' paths, or skip with Maven's own words."""
    maven = _program("mvn", "Maven is not installed")
    out = directory / "classpath"
    command = [maven, "-B", "-q", "-f", str(pom), f"{PLUGIN}:build-classpath"]
    done = subprocess.run(
        [*command, f"-Dmdep.outputFile={out}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"Maven cannot fetch what {pom.name} names: {done.stdout[:2000]}")
    return out.read_text().strip()


def _program(name: str, reason: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(reason)
    return found
