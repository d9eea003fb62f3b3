"""A client that speaks the protocol over one kept connection, quick enough for a storm."""

import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

CATALOG = "lakehouse"
SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}],
}
# The server closes a connection that was idle for 65.
IDLE_SECONDS = 50.0
BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)


class NotServed(ConnectionError):
    """A read was answered by a failure of the server, which may be over soon."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the body as JSON (None if empty) and the headers."""

    status: int
    body: Any
    headers: dict[str, str]


class Connection:
    """One connection to a server, opened again after it broke or was idle for long."""

    def __init__(self, url: str, authorization: str, timeout: float = 60) -> None:
        self.url = url
        self.authorization = authorization
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._used = time.monotonic()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request; raises one of `BROKEN` when no whole answer comes."""
        sent = {"Authorization": self.authorization, **headers}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._http.close()
        try:
            self._http.request(method, path, data, sent)
            answer = self._http.getresponse()
            text = answer.read()
        except BROKEN:
            self._http.close()
            raise
        self._used = time.monotonic()
        return Answer(answer.status, json.loads(text) if text else None, dict(answer.headers))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def log_in(url: str, password: str, username: str = "root") -> str:
    """Open a session; return the Authorization header that names it."""
    connection = Connection(url, "")
    given = {"username": username, "password": password}
    token = connection.ask("POST", "/api/v1/users/login", given).body["token"]
    connection.close()
    return f"Bearer {token}"


def table_path(table: str, namespace: str = "storm", prefix: str = CATALOG) -> str:
    """Build a table's path."""
    return f"/v1/{quote(prefix)}/namespaces/{quote(namespace)}/tables/{quote(table)}"


def make_namespace(connection: Connection, namespace: str = "storm") -> None:
    """Make a namespace unless it is there."""
    answer = connection.ask("POST", f"/v1/{CATALOG}/namespaces", {"namespace": [namespace]})
    assert answer.status in (200, 409), answer


def make_table(connection: Connection, table: str, namespace: str = "storm") -> dict[str, Any]:
    """Create an empty table; return its metadata."""
    answer = connection.ask(
        "POST",
        f"/v1/{CATALOG}/namespaces/{namespace}/tables",
        {"name": table, "schema": SCHEMA, "properties": {"format-version": "2"}},
    )
    assert answer.status == 200, answer
    metadata: dict[str, Any] = answer.body["metadata"]
    return metadata


def load(
    connection: Connection, table: str, *, prefix: str = CATALOG, snapshots: str = "all"
) -> Answer:
    """Load a table."""
    return connection.ask("GET", f"{table_path(table, prefix=prefix)}?snapshots={snapshots}")


@dataclass(slots=True)
class Head:
    """What an append must know of a table."""

    uuid: str
    location: str
    snapshot: int | None
    sequence: int

    @classmethod
    def of(cls, connection: Connection, table: str) -> "Head":
        """Read a table's head; raises one of `BROKEN` if the server fails."""
        answer = load(connection, table, snapshots="refs")
        if answer.status >= 500:
            raise NotServed(answer)
        assert answer.status == 200, answer
        found = answer.body["metadata"]
        main = found["refs"].get("main")
        number = found["last-sequence-number"]
        return cls(
            found["table-uuid"], found["location"], main["snapshot-id"] if main else None, number
        )

    def append(self, snapshot_id: int) -> dict[str, Any]:
        """Build the commit that appends a snapshot to this head."""
        snapshot = {
            "snapshot-id": snapshot_id,
            "sequence-number": self.sequence + 1,
            "timestamp-ms": time.time_ns() // 1_000_000,
            "manifest-list": f"{self.location}/metadata/snap-{snapshot_id}.avro",
            "summary": {"operation": "append"},
            "schema-id": 0,
        }
        if self.snapshot is not None:
            snapshot["parent-snapshot-id"] = self.snapshot
        pointed = {"snapshot-id": snapshot_id, "ref-name": "main", "type": "branch"}
        return {
            "requirements": [
                {"type": "assert-table-uuid", "uuid": self.uuid},
                {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": self.snapshot},
            ],
            "updates": [
                {"action": "add-snapshot", "snapshot": snapshot},
                {"action": "set-snapshot-ref", **pointed},
            ],
        }

    def moved(self, snapshot_id: int) -> "Head":
        """Return the head after a snapshot was appended."""
        return Head(self.uuid, self.location, snapshot_id, self.sequence + 1)


@dataclass(slots=True)
class Tally:
    """What one appender saw: snapshots acknowledged, those of unknown fate, and all statuses."""

    acknowledged: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Tally") -> "Tally":
        """Take another's into this one."""
        self.acknowledged += other.acknowledged
        self.unknown += other.unknown
        self.statuses += other.statuses
        return self


def total(tallies: Sequence[Tally]) -> Tally:
    """Add tallies up."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def new_snapshot_id() -> int:
    """Draw a snapshot id."""
    return random.getrandbits(62) + 1
