"""The README and CONTRIBUTING say what is so."""

import configparser
import re
from pathlib import Path

from pangolin.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def test_the_readme_lists_every_command() -> None:
    rows = [row for row in README.splitlines() if row.startswith("| `pangolin ")]
    listed = {name for row in rows for name in re.findall(r"`pangolin (\w+)`", row)}
    assert listed == set(main.commands)


def test_ci_runs_the_test_line_of_the_readme() -> None:
    [line] = [line for line in README.splitlines() if line.startswith("python3") and "tox" in line]
    assert line in (ROOT / ".ci" / "run").read_text()


def test_every_link_leads_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            assert (ROOT / target).exists(), target


def test_contributing_lists_every_tox_environment() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    named = [name.split(":")[1] for name in tox.sections() if ":" in name]
    rows = re.findall(r"^\| `(\w+)`", CONTRIBUTING, re.MULTILINE)
    assert set(rows) == {*named, "py"}
