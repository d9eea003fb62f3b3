"""Run the benchmarks; see the package's docstring."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import benchmarks
from benchmarks import backends, table
from benchmarks.backends import Measurable
from benchmarks.cases import Case, cases
from benchmarks.farm import Farm
from benchmarks.measuring import can, measure, median
from benchmarks.table import Result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=benchmarks.__doc__.splitlines()[0])
    parser.add_argument("--store", nargs="+", default=["sqlite"], choices=backends.NAMES)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=4, help="client processes")
    parser.add_argument("--workers", type=int, default=2, help="gunicorn workers")
    parser.add_argument("--threads", type=int, default=8, help="threads per worker")
    given = parser.parse_args()
    farm = Farm(given.clients)
    found = {store: list(run(store, given, farm)) for store in given.store}
    farm.close()
    if len(found) > 1:
        print(f"\n{table.beside(found)}")


def run(store: str, given: argparse.Namespace, farm: Farm) -> Iterator[Result]:
    """Measure every case on one store, and print as it goes."""
    with (
        tempfile.TemporaryDirectory(prefix="pangolin-bench-") as directory,
        backends.running(store, given, Path(directory)) as servers,
    ):
        print(table.HEAD)
        # Each server in memory knows its own sessions only.
        warm, cold = (cases(log_in(each.port)) for each in (servers.warm, servers.cold))
        for pair in zip(warm, cold, strict=True):
            case = pair[pair[0].is_cold]
            if given.only in case.name:
                result = compare(farm, case, servers, given)
                print(table.row(result), flush=True)
                yield result


def log_in(port: int) -> str:
    """Open a session; return the header line that names it."""
    connection = HTTPConnection("127.0.0.1", port)
    body = json.dumps({"username": "root", "password": "benchmark"})
    connection.request("POST", "/api/v1/users/login", body, {"Content-Type": "application/json"})
    token = json.loads(connection.getresponse().read())["token"]
    connection.close()
    return f"Authorization: Bearer {token}"


def compare(farm: Farm, case: Case, servers: Measurable, given: argparse.Namespace) -> Result:
    """Measure one case on Pangolin and on the bare application in turn."""
    product = servers.cold if case.is_cold else servers.warm
    size = can(product, case.request, servers.answers)
    own, other = [], []
    for _ in range(given.rounds):
        own.append(measure(farm, product, case.request, given.seconds, servers.database))
        other.append(measure(farm, servers.bare, case.request, given.seconds, None))
    return Result(case.name, size, median(own), median(other))


if __name__ == "__main__":
    main()
