"""The REST compatibility kit of Apache Iceberg passes, but for what is explained here.

The kit asks for tables in `file:/tmp/<namespace>/<table>`, so its catalog has to be in `/tmp`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.rck.kit import Report, run
from tests.end_to_end.server import Server, start_server

pytestmark = pytest.mark.integration
ROOT = Path("/tmp")
CATALOG = "kit"
# Where the kit puts tables: its namespaces `ns` and `newdb`.
LITTER = (ROOT / "ns", ROOT / "newdb")
LEAST_TESTS = 157

EXPECTED_FAILURES = {
    "CatalogTests.testLoadTableWithMissingMetadataFile(Path)": (
        "it moves a metadata file away behind the server's back; the server answers from memory, "
        "because metadata files never change"
    ),
}
SWITCHED_OFF = {
    "the kit's own server cannot be set up per test": {
        "CatalogTests.createTableInUniqueLocation()"
    },
    "the kit's server refuses slashes in names; tests/web sends them": {
        "CatalogTests.testNamespaceWithSlash()",
        "CatalogTests.testTableNameWithSlash()",
    },
    "the kit has no switch for nested namespaces; tests/end_to_end/spark makes them": {
        "CatalogTests.testDropNamespaceWithNestedNamespace()",
        "CatalogTests.testListNestedNamespaces()",
    },
    "a namespace has at least one level": {
        "CatalogTests.createAndDropEmptyNamespace()",
        "CatalogTests.listNamespacesWithEmptyNamespace()",
        "CatalogTests.listTablesInEmptyNamespace()",
        "CatalogTests.namespacePropertiesOnEmptyNamespace()",
        "ViewCatalogTests.listViewsInEmptyNamespace()",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the kit's own, since no other catalog may be in or around the kit's."""
    records = tmp_path_factory.mktemp("records") / "pangolin.db"
    environ = {"PANGOLIN_STORE_URL": f"sqlite:///{records}", "PANGOLIN_FILE_ROOTS": str(ROOT)}
    running = start_server(tmp_path_factory.mktemp("kit-server"), env=environ)
    storage = {"type": "file", "root": str(ROOT)}
    running.make("warehouses", name="shared", storage_config=storage)
    place = f"file://{ROOT}"
    running.make("catalogs", name=CATALOG, warehouse_name="shared", storage_location=place)
    running.make("branches", name="dev", catalog=CATALOG)
    with _without_litter():
        yield running
    assert running.stop() == 0, running.log


@pytest.fixture(scope="module", params=[CATALOG, f"{CATALOG}@dev"])
def report(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Report:
    """Run the kit on `main`, and on a branch made while the catalog was empty."""
    client = {"uri": f"{server.url}/", "warehouse": request.param, "token": server.token()}
    return run(tmp_path_factory.mktemp("kit"), client)


@contextmanager
def _without_litter() -> Iterator[None]:
    """Remove afterwards what the kit put beside the files of others."""
    ours = [path for path in LITTER if not path.exists()]
    yield
    for path in ours:
        shutil.rmtree(path, ignore_errors=True)


def test_the_kit_runs_all_its_tests(report: Report) -> None:
    assert len(report.verdicts) >= LEAST_TESTS, report.printed[-4000:]


def test_every_test_of_the_kit_passes_but_for_the_explained_ones(report: Report) -> None:
    failed = report.names("failed") - EXPECTED_FAILURES.keys()
    assert not failed, "\n\n".join(f"{name}\n{report.verdicts[name].text}" for name in failed)


def test_the_explained_failures_are_still_failures(report: Report) -> None:
    assert report.names("failed") >= EXPECTED_FAILURES.keys()


def test_the_kit_leaves_out_only_what_it_is_known_to_leave_out(report: Report) -> None:
    assert report.names("skipped") == set().union(*SWITCHED_OFF.values())


def test_the_server_meets_no_error_of_its_own(server: Server, report: Report) -> None:
    assert " ERROR " not in server.log
