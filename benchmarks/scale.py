"""Whether list, load, fork and commit grow with the catalog: `python -m benchmarks.scale`.

    python -m benchmarks.scale sqlite postgresql mongodb
    python -m benchmarks.scale postgresql --tables 200 100000 --branches 10 1000 --times 20
    python -m benchmarks.scale mongodb --json | python -m docs.report scale

The sizes are 200 tables and 10 branches, 100,000 tables and 10 branches, and 100,000 tables and
1,000 branches, so that it shows which of the two anything grows with. For each it fills an empty
store and calls the services in this process, without HTTP; shown are medians, in milliseconds. The
databases are started as the tests start them. A `list` is the page of 100 tables in the middle of
the catalog, a `fork` a branch of `main`.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.world import make_catalog, sample
from pangolin.app import build_server
from pangolin.services.branches import refs
from pangolin.services.context.context import Context, system_context
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.sealing.keyring import new_key
from pangolin.services.tables import commits, creation, tables
from pangolin.services.warehouses.warehouses import create as create_warehouse
from pangolin.settings import Settings
from tests.servers.stores import STORES, database

PAGE, SPACE, NAME = 100, ("bench",), "measured"


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured at one size, in milliseconds."""

    store: str
    tables: int
    branches: int
    list: float
    load: float
    fork: float
    commit: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure at several sizes of a catalog.")
    parser.add_argument("stores", nargs="+", choices=STORES)
    parser.add_argument("--tables", nargs="+", type=int, default=[200, 100_000, 100_000])
    parser.add_argument("--branches", nargs="+", type=int, default=[10, 10, 1_000])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="one line of JSON for each size")
    given = parser.parse_args()
    if not given.json:
        print("| store | tables | branches | list | load | fork | commit |")
        print("|---|--:|--:|--:|--:|--:|--:|")
    for store in given.stores:
        for size, count in zip(given.tables, given.branches, strict=True):
            show(measure(store, size, count, given.times), given.json)


def show(row: Row, as_json: bool) -> None:
    """Print a row."""
    values = asdict(row)
    cells = [f"{value:,.2f}" if isinstance(value, float) else value for value in values.values()]
    print(json.dumps(values) if as_json else f"| {' | '.join(map(str, cells))} |", flush=True)


def measure(store: str, size: int, count: int, times: int) -> Row:
    """Fill an empty store and measure."""
    with database(store) as running, tempfile.TemporaryDirectory() as directory:
        settings = settings_of(running.new_url(), directory)
        catalog = fill(settings, size, count)
        runtime = build_server(settings).runtime
        measured = calls(system_context(runtime), catalog, size)
        found = {name: median(times, call) for name, call in measured}
        runtime.store.close()
    return Row(store, size, count, **found)


def settings_of(url: str, directory: str) -> Settings:
    """Return the settings of a store and of the directory of its tables."""
    return Settings(
        store_url=url,
        data_dir=directory,
        file_roots=(directory,),
        secret_keys=new_key(),
        # All calls are one request here.
        request_timeout=3600.0,
    )


def fill(settings: Settings, size: int, count: int) -> str:
    """Fill an empty store with tables and branches; return the name of their catalog."""
    runtime = build_server(settings).runtime
    initialise(runtime)
    ctx = system_context(runtime)
    place = {"type": "file", "root": str(Path(settings.data_dir) / "warehouse")}
    create_warehouse(ctx, {"name": "local", "storage_config": place})
    make_catalog(runtime, ctx, size)
    catalog = f"of{size}"
    schema = sample("x", 1)["schemas"][0]
    creation.create(ctx, catalog, SPACE, {"name": NAME, "schema": schema})
    for number in range(count):
        refs.create_branch(ctx, catalog, f"branch{number}")
    runtime.store.close()
    return catalog


def calls(ctx: Context, catalog: str, size: int) -> Iterator[tuple[str, Callable[[int], object]]]:
    """List what is measured; each call is given a number of its own."""
    middle = f"table_{size // 2:06}"
    update = {"action": "set-properties"}
    yield (
        "list",
        lambda _: tables.list_names(ctx, catalog, SPACE, after=middle, limit=PAGE),
    )
    yield "load", lambda _: tables.load(ctx, catalog, SPACE, NAME)
    yield "fork", lambda number: refs.create_branch(ctx, catalog, f"fork{number}")
    yield (
        "commit",
        lambda number: commits.commit(
            ctx, catalog, SPACE, NAME, [], [update | {"updates": {"n": str(number)}}]
        ),
    )


def median(times: int, call: Callable[[int], object]) -> float:
    """Call several times after one call that warms up; return the median in milliseconds."""
    spent = []
    for number in range(times + 1):
        began = time.perf_counter()
        call(number)
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent[1:])


if __name__ == "__main__":
    main()
