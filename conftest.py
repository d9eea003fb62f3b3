"""What holds for every test of the project."""

import os
from collections.abc import Generator

import pytest

from tests.examples import load_profile
from tests.servers.stores import STORES

load_profile()

# A contract skips what a kind of store cannot promise, and permissions do not bind the superuser.
EXPECTED = (
    "each store of this backend is its own",
    "closing a store of this backend ends what is read",
    "the superuser may write everywhere",
    "only the superuser may mount a small disk",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the end-to-end suite run on any backend, unchanged."""
    parser.addoption("--store", choices=STORES, default="sqlite", help="store of live servers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the chosen store has no part in: its file, or its server."""
    unfit = "database_server" if config.getoption("store") == "sqlite" else "sqlite"
    apart = [item for item in items if item.get_closest_marker(unfit)]
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in set(apart)]


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
