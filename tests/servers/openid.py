"""A real OpenID provider: npm's oidc-provider, run by node and installed into a cache directory."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).with_name("openid.mjs")
CLIENT, SECRET = "pangolin", "a secret of the test"
ROBOT, ROBOT_SECRET = "robot", "another secret of the test"
AUDIENCE = "pangolin-api"


@dataclass(frozen=True, slots=True)
class OpenID:
    """A running provider: its issuer, and its process."""

    issuer: str
    process: subprocess.Popen[str]

    def rotate(self) -> None:
        """Let it sign with a new key from now on."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        # The library talks in between.
        assert "rotated" in (line.strip() for line in self.process.stdout)

    def robot_token(self) -> str:
        """Get an access token for a program (a JWT as RFC 9068 has it)."""
        answer = requests.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "client_credentials",
                "resource": "urn:pangolin",
                "scope": "api",
            },
            auth=(ROBOT, ROBOT_SECRET.replace(" ", "+")),
            timeout=10,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@contextmanager
def openid(callback: str) -> Iterator[OpenID]:
    """Run a provider for one client; skip where node or npm are missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    process = subprocess.Popen(
        [node, str(SCRIPT), str(_installed(npm)), callback],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield OpenID(issuer, process)
        finally:
            process.kill()


def _installed(npm: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = cache / "pangolin-tests" / PACKAGE
    if not (directory / "node_modules" / "oidc-provider").is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
        subprocess.run(command, cwd=directory, check=True, timeout=300, capture_output=True)
    return directory
