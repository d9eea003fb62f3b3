"""What several suites create: tables of one column, views of one query."""

from typing import Any

# The column is optional, so that any file and no file fits.
SCHEMA: dict[str, Any] = {
    "type": "struct",
    "fields": [{"id": 1, "name": "a", "type": "int", "required": False}],
}
EMPTY_SCHEMA: dict[str, Any] = {"type": "struct", "fields": []}
QUERY = {"type": "sql", "sql": "select 1", "dialect": "spark"}
# Where tables of the namespace `db` of the catalog `lake` are created.
TABLES = "/v1/lake/namespaces/db/tables"
# A change that every table takes.
SET = [{"action": "set-properties", "updates": {"k": "v"}}]
# The id of a tenant that tests make.
ACME = "5e0d2a3c-0000-4000-8000-000000000001"


def view_version(*namespace: str, query: dict[str, str] = QUERY) -> dict[str, Any]:
    """Build the first version of a view, whose query reads names in a namespace."""
    return {
        "version-id": 1,
        "timestamp-ms": 1,
        "schema-id": 0,
        "summary": {},
        "default-namespace": list(namespace),
        "representations": [query],
    }
