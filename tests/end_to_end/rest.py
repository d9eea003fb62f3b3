"""The protocol spoken by hand, for what no client would say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from tests.end_to_end.concurrency.wire import Answer, Head, new_snapshot_id
from tests.end_to_end.lake import Lake

Json = dict[str, Any]
NAMESPACE = "ns"


def field(number: int, name: str, kind: str = "long", *, required: bool = False) -> Json:
    """Build a column."""
    return {"id": number, "name": name, "type": kind, "required": required}


def schema(*fields: Json, **more: Any) -> Json:
    """Build a schema."""
    return {"type": "struct", "schema-id": 0, "fields": list(fields), **more}


ID_DATA = schema(field(1, "id"), field(2, "data", "string"))


def set_properties(**properties: str) -> Json:
    """Build an update that sets properties."""
    return {"action": "set-properties", "updates": properties}


def add_schema(*fields: Json) -> list[Json]:
    """Build the updates that make a schema current."""
    return [
        {"action": "add-schema", "schema": schema(*fields)},
        {"action": "set-current-schema", "schema-id": -1},
    ]


def add_spec(name: str, source: int, number: int, transform: str = "identity") -> list[Json]:
    """Build the updates that make a partition spec of one field the default."""
    part = {"name": name, "source-id": source, "field-id": number, "transform": transform}
    return [
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": [part]}},
        {"action": "set-default-spec", "spec-id": -1},
    ]


def add_order(source: int) -> list[Json]:
    """Build the updates that make a sort order of one field the default."""
    by = {"source-id": source, "transform": "identity", "direction": "asc"}
    order = {"order-id": 1, "fields": [by | {"null-order": "nulls-first"}]}
    return [
        {"action": "add-sort-order", "sort-order": order},
        {"action": "set-default-sort-order", "sort-order-id": -1},
    ]


def append(metadata: Json) -> tuple[list[Json], list[Json], int]:
    """Build requirements and updates that append to `main`, and return the new snapshot's id."""
    main = metadata["refs"].get("main")
    head = Head(
        metadata["table-uuid"],
        metadata["location"],
        main["snapshot-id"] if main else None,
        metadata["last-sequence-number"],
    )
    number = new_snapshot_id()
    body = head.append(number)
    body["updates"][0]["snapshot"]["schema-id"] = metadata["current-schema-id"]
    return body["requirements"], body["updates"], number


class Rest:
    """A connection to one catalog; tables and views are those of the namespace `ns`."""

    def __init__(self, lake: Lake) -> None:
        self._base = f"/v1/{lake.name}"
        self._connection = lake.server.connect()
        self.lake = lake

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request to a path below the catalog's prefix."""
        return self._connection.ask(method, self._base + path, body, **headers)

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed; return its body."""
        answer = self.ask(method, path, body)
        assert answer.status in (200, 204), answer
        return answer.body

    def path(self, name: str, what: str = "tables") -> str:
        """Build the path of a table or view."""
        return f"/namespaces/{NAMESPACE}/{what}/{quote(name, safe='')}"

    def create(
        self,
        name: str,
        given: Json = ID_DATA,
        *,
        spec: Json | None = None,
        properties: dict[str, str] | None = None,
        stage: bool = False,
    ) -> Json:
        """Create a table, or stage one; return its metadata."""
        body = {"name": name, "schema": given, "partition-spec": spec, "stage-create": stage}
        body["properties"] = properties or {}
        metadata: Json = self.good("POST", f"/namespaces/{NAMESPACE}/tables", body)["metadata"]
        return metadata

    def load(self, name: str, what: str = "tables") -> Json:
        """Load a table's or view's metadata."""
        metadata: Json = self.good("GET", self.path(name, what))["metadata"]
        return metadata

    def commit(
        self, name: str, requirements: list[Json], updates: list[Json], what: str = "tables"
    ) -> Answer:
        """Commit to a table or view."""
        body = {"requirements": requirements, "updates": updates}
        return self.ask("POST", self.path(name, what), body)

    def update(self, name: str, *updates: Json) -> Json:
        """Commit updates that must land, without requirements; return the metadata."""
        answer = self.commit(name, [], list(updates))
        assert answer.status == 200, answer
        metadata: Json = answer.body["metadata"]
        return metadata

    def append(self, name: str) -> int:
        """Append to a table; return the snapshot's id."""
        requirements, updates, number = append(self.load(name))
        answer = self.commit(name, requirements, updates)
        assert answer.status == 200, answer
        return number

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def error(answer: Answer) -> tuple[int, str, str]:
    """Return an error's status, type and message; its shape must be the protocol's."""
    assert set(answer.body) == {"error"}, answer
    found = answer.body["error"]
    assert found["code"] == answer.status, answer
    assert set(found) <= {"message", "type", "code", "stack"}, answer
    return answer.status, found["type"], found["message"]


@contextmanager
def speaking(lake: Lake) -> Iterator[Rest]:
    """Connect until the block ends; the namespace `ns` is there."""
    rest = Rest(lake)
    try:
        made = rest.ask("POST", "/namespaces", {"namespace": [NAMESPACE]})
        assert made.status in (200, 409), made
        yield rest
    finally:
        rest.close()
