"""What holds for every test of the project."""

import os
from collections.abc import Generator

import pytest

# A contract skips what a kind of store cannot promise, and permissions do not bind the superuser.
EXPECTED = ("each store of this backend is its own", "the superuser may write everywhere")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test in CI: what CI does not run, nobody runs."""
    report = yield
    if os.environ.get("CI") and report.skipped and not _is_expected(report):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def _is_expected(report: pytest.TestReport) -> bool:
    return hasattr(report, "wasxfail") or any(why in str(report.longrepr) for why in EXPECTED)
