"""Two servers on one store, as two hosts behind a balancer would run them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.storm import gather, processes, start_appends
from tests.end_to_end.concurrency.wire import Connection, Tally, make_namespace
from tests.servers.ports import free_port

WORKERS = 2
# Connections stay with the worker that took them; so many reach every worker.
READERS = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two running servers of two workers each, and one of root's tokens for both."""

    first: Farm
    second: Farm
    authorization: str

    @property
    def warehouse(self) -> Path:
        """The location of the tables of the catalog `lakehouse`."""
        return self.first.warehouse

    def connections(self) -> list[Connection]:
        """Open a connection to each server, with a token that the first one gave."""
        return [Connection(each.url, self.authorization) for each in (self.first, self.second)]

    def storm(self, tables: Sequence[str], times: int, seconds: float = 110) -> Tally:
        """Append from one process for each entry of `tables`, every other to the second server."""
        with processes(len(tables)) as pool:
            running = [
                each
                for server, part in ((self.first, tables[::2]), (self.second, tables[1::2]))
                for each in start_appends(
                    pool, server.url, self.authorization, part, times, seconds
                )
            ]
            return gather(running)


@contextmanager
def paired(
    directory: Path, first: Mapping[str, str], second: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """Run two servers below a directory until the block ends; the namespace `storm` is there."""
    roots = {"PANGOLIN_FILE_ROOTS": str(directory)}
    farms = []
    for name, environ in (("first", first), ("second", second or first)):
        place = directory / name
        place.mkdir()
        farms.append(Farm(place, free_port(), WORKERS, {**environ, **roots}))
    try:
        for each in farms:
            each.start()
        connection = farms[0].connect()
        make_namespace(connection)
        connection.close()
        yield Pair(farms[0], farms[1], connection.authorization)
    finally:
        for each in farms:
            if each.process is not None:
                each.stop()
