"""A fault in the middle of a storm, and what must be true afterwards, whatever was hit."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import Answer, Connection, Tally, load, make_table
from tests.replicas.pair import Pair


def files(warehouse: Path) -> set[Path]:
    """List every file below a warehouse."""
    return {path for path in warehouse.rglob("*") if path.is_file()}


def storm(
    pair: Pair,
    root: Connection,
    tables: Sequence[str],
    fault: Callable[[], None],
    seconds: float = 8,
    *,
    after: float = 4,
) -> Tally:
    """Make tables and append to them for some seconds; let `fault` happen in the meantime."""
    for table in set(tables):
        make_table(root, table)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(pair.storm, tables, 100_000, seconds)
        time.sleep(after)
        fault()
        return running.result()


def check_kept(root: Connection, tables: Iterable[str], seen: Tally, *allowed: int) -> None:
    """Every acknowledged append is there, nothing that was refused, and no file is missing.

    `allowed` are the statuses that the fault may have caused besides 200 and 409.
    """
    assert set(seen.statuses) <= {200, 409, *allowed}, seen.statuses
    assert len(seen.acknowledged) > 20, "the storm was no storm"
    names = sorted(set(tables))
    kept = [snapshot for table in names for snapshot in history(root, table)]
    assert len(kept) == len(set(kept))
    assert set(seen.acknowledged) <= set(kept) <= {*seen.acknowledged, *seen.unknown}
    for table in names:
        answer = load(root, table).body
        logged = [each["metadata-file"] for each in answer["metadata"]["metadata-log"]]
        for location in (answer["metadata-location"], *logged):
            assert Path(urlsplit(location).path).stat().st_size > 0


def check_unavailable(answer: Answer) -> None:
    """The answer says that nothing happened and when to try again."""
    assert answer.status == 503, answer
    assert answer.body["error"]["type"] == "ServiceUnavailableException"
    assert int(answer.headers["Retry-After"]) >= 1
