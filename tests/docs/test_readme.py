"""The README and CONTRIBUTING say what is so."""

import configparser
import re

from pangolin.cli import main
from tests.docs.pages import ROOT, blocks

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def test_the_readme_lists_every_command() -> None:
    rows = [row for row in README.splitlines() if row.startswith("| `pangolin ")]
    listed = {name for row in rows for name in re.findall(r"`pangolin (\w+)`", row)}
    assert listed == set(main.commands)


def test_ci_runs_the_test_line_of_the_readme() -> None:
    line = blocks(ROOT / "README.md")[1].text.strip()
    assert line in (ROOT / ".ci" / "run").read_text()


def test_the_readme_has_two_lines_to_run_and_no_other_block() -> None:
    serve, test = (block.text.strip() for block in blocks(ROOT / "README.md"))
    assert all(
        re.search(r" tox run -q -e (\w+)$", line.replace("/", " ")) for line in (serve, test)
    )
    assert "\n" not in serve + test


def test_the_first_line_installs_core_and_plugins_and_serves() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    [name] = re.findall(r"-e (\w+)$", blocks(ROOT / "README.md")[0].text.strip())
    environment = tox[f"testenv:{name}"]
    assert environment["commands"].startswith("pangolin serve") and "serve" in main.commands
    installed = re.findall(r"^-e (\S+?)(?:\[\w+\])?$", environment["deps"], re.MULTILINE)
    assert {(ROOT / each).resolve() for each in installed} == {
        ROOT,
        *(path for path in ROOT.glob("plugins/*") if (path / "setup.cfg").exists()),
    }


def test_the_second_line_runs_an_environment_of_tox() -> None:
    [name] = re.findall(r"-e (\w+)$", blocks(ROOT / "README.md")[1].text.strip())
    assert f"| `{name}`" in CONTRIBUTING


def test_contributing_lists_every_tox_environment() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    named = [name.split(":")[1] for name in tox.sections() if ":" in name]
    rows = re.findall(r"^\| `(\w+)`", CONTRIBUTING, re.MULTILINE)
    assert set(rows) == {*named, "py"}
