"""The compatibility kit as published: run once against a server, and read its report."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from tests.end_to_end.java import classpath, java

POM = Path(__file__).with_name("pom.xml")
SUITE = "org.apache.iceberg.rest.RESTCompatibilityKitSuite"
SECONDS = 420
KNOBS = {
    "local": "false",
    "requires-namespace-create": "true",
    "supports-serverside-retry": "true",
    "supports-names-with-dot": "true",
    "supports-variant": "true",
    "overrides-requested-location": "false",
}
State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One test of the kit: its state, and what it printed if it did not pass."""

    state: State
    text: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Verdicts by test name, and all that the run printed."""

    verdicts: dict[str, Verdict]
    printed: str

    def names(self, state: State) -> set[str]:
        """List the tests that ended in one state."""
        return {name for name, verdict in self.verdicts.items() if verdict.state == state}


def run(directory: Path, client: dict[str, str]) -> Report:
    """Run the kit with the properties of its catalog client; `directory` gets its files."""
    jars = classpath(POM, directory)
    out, scratch = directory / "reports", directory / "scratch"
    scratch.mkdir()
    command = [java(), "-Xmx768m", f"-Djava.io.tmpdir={scratch}", *_properties(client)]
    command += ["-cp", jars, "org.junit.platform.console.ConsoleLauncher", "execute"]
    command += [f"--select-class={SUITE}", f"--reports-dir={out}", "--details=none"]
    # The launcher's exit code tells of failed tests, which the report names.
    done = subprocess.run(
        [*command, "--disable-banner"],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert out.exists(), done.stdout[-4000:]
    return Report(_verdicts(out), done.stdout)


def _properties(client: dict[str, str]) -> list[str]:
    """Return every property twice: the kit reads `rck.x` itself, and its client reads `x`."""
    given = (KNOBS | client).items()
    return [f"-D{prefix}{name}={value}" for name, value in given for prefix in ("rck.", "")]


def _verdicts(reports: Path) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    for path in reports.glob("TEST-*.xml"):
        for case in ElementTree.parse(path).iter("testcase"):
            found[_name(case)] = _verdict(case)
    return found


def _name(case: ElementTree.Element) -> str:
    kit = case.attrib["classname"].rpartition("RESTCompatibilityKit")[2]
    return f"{kit}.{case.attrib['name']}"


def _verdict(case: ElementTree.Element) -> Verdict:
    for tag in ("failure", "error"):
        trouble = case.find(tag)
        if trouble is not None:
            return Verdict("failed", (trouble.text or "")[:3000])
    skipped = case.find("skipped")
    return Verdict("passed") if skipped is None else Verdict("skipped", skipped.text or "")
