"""Requests sent at the same moment, each over a connection of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.end_to_end.concurrency.wire import CATALOG, SCHEMA, Answer, Connection

NAMESPACES = f"/v1/{CATALOG}/namespaces"
Ask = Callable[[Connection], Answer]


def race(roots: Sequence[Connection], *asks: Ask) -> list[Answer]:
    """Send all at once, over connections that are open already, to the roots' servers in turn."""
    start = Barrier(len(asks))

    def run(number: int) -> Answer:
        root = roots[number % len(roots)]
        rival = Connection(root.url, root.authorization)
        rival.ask("GET", "/v1/config")
        start.wait(30)
        answer = asks[number](rival)
        rival.close()
        return answer

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, range(len(asks))))


def statuses(answers: list[Answer]) -> list[int]:
    """List the answers' statuses in order of number."""
    return sorted(answer.status for answer in answers)


def create(name: str, namespace: str = "storm") -> Ask:
    """Create a table."""
    body = {"name": name, "schema": SCHEMA}
    return lambda rival: rival.ask("POST", f"{NAMESPACES}/{namespace}/tables", body)


def rename(source: str, destination: str) -> Ask:
    """Rename a table."""
    body = {
        "source": {"namespace": ["storm"], "name": source},
        "destination": {"namespace": ["storm"], "name": destination},
    }
    return lambda rival: rival.ask("POST", f"/v1/{CATALOG}/tables/rename", body)


def drop(namespace: str) -> Ask:
    """Drop a namespace."""
    return lambda rival: rival.ask("DELETE", f"{NAMESPACES}/{namespace}")
