"""Where tests are: each capability has a directory of its name, and little else has one."""

from pathlib import Path

import pangolin.services

TESTS = Path(__file__).parent
SERVICES = Path(pangolin.services.__path__[0])
# Secrets are sealed for somebody: tests/warehouses and tests/cli prove it.
UNTESTED_ALONE = {"sealing"}
PARTS_OF_PANGOLIN = {"cli", "iceberg", "store", "toolkit", "web"}
OF_THE_WHOLE = {"docs", "end_to_end", "matrix", "replicas"}
HELPERS = {"servers", "worlds"}


def directories(place: Path) -> set[str]:
    """List the directories that hold Python files."""
    return {path.name for path in place.iterdir() if path.is_dir() and any(path.rglob("*.py"))}


def test_each_capability_has_its_tests_under_its_own_name() -> None:
    others = PARTS_OF_PANGOLIN | OF_THE_WHOLE | HELPERS
    assert directories(TESTS) - others == directories(SERVICES) - UNTESTED_ALONE


def test_parts_of_pangolin_are_tested_under_their_own_name() -> None:
    assert directories(TESTS.parent / "pangolin") >= PARTS_OF_PANGOLIN
