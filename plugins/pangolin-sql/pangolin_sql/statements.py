"""The SQL of one kind, each text written once."""
# Identifiers come from kinds and are quoted; values are always parameters.
# ruff: noqa: S608

from functools import cached_property, lru_cache

from pangolin.plugin import Kind
from pangolin_sql.columns import column, listed, quote
from pangolin_sql.dialect import Dialect


class Statements:
    """SQL text for a kind; parameters are the encoded values in the order of the fields."""

    def __init__(self, kind: Kind, dialect: Dialect) -> None:
        self.kind = kind
        self.dialect = dialect
        self.table = quote(kind.name)
        keys = set(kind.key)
        self.unique = any(i.unique and not keys.issuperset(i.fields) for i in kind.indexes.values())
        self.page = lru_cache(maxsize=256)(self._page)
        self.where = lru_cache(maxsize=64)(self._where)

    @cached_property
    def at_key(self) -> str:
        """The condition that a row is at a key."""
        return " AND ".join(
            f"{quote(column(name))} = {self.dialect.param}" for name in self.kind.key
        )

    @cached_property
    def get(self) -> str:
        """Read version and body."""
        return f"SELECT version, body FROM {self.table} WHERE {self.at_key}"

    def term(self, place: int) -> str:
        """Read version and body as one term of a union, marked with its place in the answer."""
        return f"SELECT {place}, version, body FROM {self.table} WHERE {self.at_key}"

    @cached_property
    def hold(self) -> str:
        """Read the version of a row that a batch writes."""
        return f"SELECT version FROM {self.table} WHERE {self.at_key} {self.dialect.hold}"

    @cached_property
    def share(self) -> str:
        """Read the version of a row that a batch depends on."""
        return f"SELECT version FROM {self.table} WHERE {self.at_key} {self.dialect.share}"

    @cached_property
    def insert(self) -> str:
        """Insert columns, version and body."""
        columns = self.kind.columns()
        marks = ", ".join([self.dialect.param] * (len(columns) + 2))
        return f"INSERT INTO {self.table} ({listed(columns)}, version, body) VALUES ({marks})"

    @cached_property
    def update(self) -> str:
        """Replace columns, version and body of the row at a key and a version."""
        mark = self.dialect.param
        names = [*(quote(column(name)) for name in self.kind.columns()), "version", "body"]
        sets = ", ".join(f"{name} = {mark}" for name in names)
        return self.dialect.one_row(
            f"UPDATE {self.table} SET {sets} WHERE {self.at_key} AND version = {mark}"
        )

    @cached_property
    def vacate(self) -> str:
        """Remove the row at a key and a version from every unique index but its key."""
        unique = (index for index in self.kind.indexes.values() if index.unique)
        names = {name for index in unique for name in index.fields} - set(self.kind.key)
        sets = ", ".join(f"{quote(column(name))} = NULL" for name in sorted(names))
        return self.dialect.one_row(
            f"UPDATE {self.table} SET {sets} WHERE {self.at_key} AND version = {self.dialect.param}"
        )

    @cached_property
    def delete(self) -> str:
        """Delete the row at a key and a version."""
        return self.dialect.one_row(
            f"DELETE FROM {self.table} WHERE {self.at_key} AND version = {self.dialect.param}"
        )

    @cached_property
    def fill(self) -> str:
        """Fill the columns of the row at a key and a version, leaving the rest."""
        mark = self.dialect.param
        sets = ", ".join(f"{quote(column(name))} = {mark}" for name in self.kind.columns())
        return f"UPDATE {self.table} SET {sets} WHERE {self.at_key} AND version = {mark}"

    def purge(self, width: int) -> str:
        """Delete at most so many rows under a key prefix."""
        key, where = listed(self.kind.key), self.where(None, width)
        rows = f"SELECT {key} FROM {self.table} WHERE {where} LIMIT {self.dialect.param}"
        return f"DELETE FROM {self.table} WHERE ({key}) IN ({rows})"

    def count(self, index: str | None, width: int) -> str:
        """Count the rows under a prefix."""
        return f"SELECT count(*) FROM {self.table} WHERE {self.where(index, width)}"

    def exists(self, index: str | None, width: int) -> str:
        """Read 1 if there is a row under a prefix."""
        return f"SELECT 1 FROM {self.table} WHERE {self.where(index, width)} LIMIT 1"

    def _where(self, index: str | None, width: int) -> str:
        order = self.kind.order(index)
        terms = [f"{quote(column(name))} = {self.dialect.param}" for name in order[:width]]
        # The planner uses a partial index only if the query repeats the index's condition.
        return " AND ".join([*terms, *self.present(index)]) or "1 = 1"

    def present(self, index: str | None) -> list[str]:
        """List the conditions that a row is in an index."""
        fields = self.kind.indexes[index].fields if index else ()
        nullable = (name for name in fields if name not in self.kind.key)
        return [f"{quote(column(name))} IS NOT NULL" for name in nullable]

    def _page(self, index: str | None, width: int, beyond: int, reverse: bool) -> str:
        order = self.kind.order(index)
        where = self.where(index, width)
        if beyond:
            marks = ", ".join([self.dialect.param] * beyond)
            sign = "<" if reverse else ">"
            where += f" AND ({listed(order[width : width + beyond])}) {sign} ({marks})"
        unique = index is not None and self.kind.indexes[index].unique
        fields = self.kind.indexes[index].fields if index and unique else order
        way = " DESC" if reverse else ""
        by = ", ".join(f"{quote(column(name))}{way}" for name in fields[width:] or fields[:1])
        return (
            f"SELECT version, body FROM {self.table} WHERE {where}"
            f" ORDER BY {by} LIMIT {self.dialect.param}"
        )
