"""Add test runs to the report of the backends: `python -m docs.report SUITE STORE JUNIT.xml…`.

A file is written by `pytest --junitxml=JUNIT.xml`; if a test is in several files, the last result
is used. `python -m docs.report scale` reads lines of JSON, as printed by `python -m
benchmarks.scale --json`, from standard input. Then run `python -m docs.generate`.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docs.generators.backends import REPORT, STORES


def main(words: list[str]) -> None:
    """Read a run and write the report."""
    report: dict[str, Any] = json.loads(REPORT.read_text(encoding="utf-8"))
    if words == ["scale"]:
        report["scale"] = [json.loads(line) for line in sys.stdin if line.strip()]
    else:
        suite, store, *paths = words
        if store not in STORES:
            raise SystemExit(f"the store must be one of {', '.join(STORES)}, not {store!r}")
        report["suites"].setdefault(suite, {})[store] = count(map(Path, paths))
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def count(paths: Iterable[Path]) -> dict[str, int]:
    """Count the tests that passed and failed; those that were skipped are neither."""
    failed: dict[tuple[str, str], bool] = {}
    for path in paths:
        # The file is our own test run's.
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            if case.find("skipped") is None:
                name = (case.get("classname", ""), case.get("name", ""))
                failed[name] = any(case.find(what) is not None for what in ("failure", "error"))
    return {
        "passed": sum(not each for each in failed.values()),
        "failed": sum(failed.values()),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
