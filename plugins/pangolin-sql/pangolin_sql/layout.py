"""Tables from kinds: create what is missing, extend what an older version created."""

from typing import Any

import orjson
import peewee

from pangolin.plugin import BadRequest, Kind
from pangolin_sql.columns import column, encode, listed, quote
from pangolin_sql.dialect import Dialect, execute
from pangolin_sql.statements import Statements

BACKFILL_ROWS = 500
SEPARATOR = "__"


def lay_out(database: peewee.Database, sql: Statements) -> None:
    """Create or extend the table and the indexes of one kind, in the open transaction."""
    if sql.kind.name in database.get_tables():
        _extend(database, sql)
    else:
        _create(database, sql)
    _index(database, sql)


def _create(database: peewee.Database, sql: Statements) -> None:
    lines = [_definition(sql.kind, name, sql.dialect) for name in sql.kind.columns()]
    lines += [f"version {sql.dialect.integer} NOT NULL", f"body {sql.dialect.body} NOT NULL"]
    lines += [f"PRIMARY KEY ({listed(sql.kind.key)})"]
    execute(database, f"CREATE TABLE {sql.table} ({', '.join(lines)})")


def _definition(kind: Kind, name: str, dialect: Dialect) -> str:
    type_ = dialect.integer if name in kind.integers else dialect.text
    return f"{quote(column(name))} {type_}" + (" NOT NULL" if name in kind.key else "")


def _extend(database: peewee.Database, sql: Statements) -> None:
    kind = sql.kind
    _refuse_another_key(database, kind)
    present = {found.name for found in database.get_columns(kind.name)}
    missing = [name for name in kind.columns() if column(name) not in present]
    for name in missing:
        definition = _definition(kind, name, sql.dialect)
        execute(database, f"ALTER TABLE {sql.table} ADD COLUMN {definition}")
    if missing:
        _fill(database, sql)


def _refuse_another_key(database: peewee.Database, kind: Kind) -> None:
    found = set(database.get_primary_keys(kind.name))
    if found != {column(name) for name in kind.key}:
        raise BadRequest(
            f"store_url: table {kind.name} has the key {sorted(found)}, this version of Pangolin"
            f" needs {kind.key}: it was made by another version"
        )


def _fill(database: peewee.Database, sql: Statements) -> None:
    order, width = sql.kind.key, len(sql.kind.key)
    last: tuple[Any, ...] = ()
    while True:
        rows = execute(
            database, sql.page(None, 0, len(last), False), [*last, BACKFILL_ROWS]
        ).fetchall()
        for version, body in rows:
            values = [encode(value) for value in sql.kind.row_of(orjson.loads(body))]
            execute(database, sql.fill, [*values, *values[: len(order)], version])
        if len(rows) < BACKFILL_ROWS:
            return
        last = tuple(values[:width])


def _index(database: peewee.Database, sql: Statements) -> None:
    kind = sql.kind
    wanted = {f"{kind.name}{SEPARATOR}{name}": _columns(kind, name) for name in kind.indexes}
    unique = {f"{kind.name}{SEPARATOR}{name}": i.unique for name, i in kind.indexes.items()}
    for found in database.get_indexes(kind.name):
        if wanted.get(found.name) == found.columns and unique[found.name] == found.unique:
            del wanted[found.name]
        elif found.name.startswith(kind.name + SEPARATOR):
            # A unique index that is no longer declared would refuse what is now allowed.
            execute(database, f"DROP INDEX {quote(found.name)}")
    for name in wanted:
        execute(database, _index_ddl(sql, name, unique[name]))


def _columns(kind: Kind, index: str) -> list[str]:
    fields = kind.indexes[index].fields if kind.indexes[index].unique else kind.order(index)
    return [column(name) for name in fields]


def _index_ddl(sql: Statements, name: str, unique: bool) -> str:
    index = name.removeprefix(sql.kind.name + SEPARATOR)
    columns = ", ".join(quote(found) for found in _columns(sql.kind, index))
    present = " AND ".join(sql.present(index))
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX {quote(name)} ON {sql.table} ({columns})" + (
        f" WHERE {present}" if present else ""
    )
