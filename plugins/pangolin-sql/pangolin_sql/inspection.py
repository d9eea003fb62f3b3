"""What an operator should know about a SQL store: its indexes, and its dialect's checks."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import peewee

from pangolin.plugin import Inspection, Kind
from pangolin_sql.dialect import execute
from pangolin_sql.layout import SEPARATOR

# A clock further off than this makes tokens and logs contradict each other.
MAX_SKEW_S = 5.0
MIB = 2**20


def indexes(database: peewee.Database, kinds: Iterable[Kind]) -> Inspection:
    """Check whether every declared table and index exists."""
    tables = set(database.get_tables())
    missing = [kind.name for kind in kinds if kind.name not in tables]
    for kind in kinds:
        if kind.name in tables:
            there = {found.name for found in database.get_indexes(kind.name)}
            wanted = {f"{kind.name}{SEPARATOR}{name}" for name in kind.indexes}
            missing += sorted(wanted - there)
    if not missing:
        return Inspection("tables and indexes", "all there")
    problem = f"missing: {', '.join(missing)}"
    return Inspection("tables and indexes", "", problem, "run `pangolin upgrade`")


def sqlite(database: peewee.Database) -> Iterator[Inspection]:
    """Check the journal, the size and the integrity of a SQLite file."""
    mode = str(_one(database, "PRAGMA journal_mode"))
    wal = mode == "wal"
    problem = "" if wal else f"it is {mode}: readers wait for writers"
    yield Inspection("journal", mode, problem, "" if wal else "keep the file on a local disk")
    pages, size = _one(database, "PRAGMA page_count"), _one(database, "PRAGMA page_size")
    yield Inspection("size", f"{pages * size / MIB:.1f} MiB")
    sound = str(_one(database, "PRAGMA quick_check(1)"))
    fine = sound == "ok"
    remedy = "" if fine else "stop the servers and restore a backup"
    yield Inspection("quick check", sound if fine else "", "" if fine else sound, remedy)


def postgresql(database: peewee.Database) -> Iterator[Inspection]:
    """Check version, role, durability, clock, free connections and indexes."""
    yield Inspection("PostgreSQL", str(_one(database, "SHOW server_version")))
    standby = bool(_one(database, "SELECT pg_is_in_recovery()"))
    yield Inspection(
        "role",
        "standby" if standby else f"primary of {_one(database, STANDBYS)} standbys",
        "it is a standby: nothing can be written" if standby else "",
        "name the primary in PANGOLIN_STORE_URL" if standby else "",
    )
    durable = str(_one(database, "SHOW synchronous_commit"))
    lax = durable in ("off", "local")
    problem = "a crash may lose acknowledged writes" if durable == "off" else ""
    yield Inspection("synchronous_commit", durable, problem, "set it to on" if lax else "")
    yield _clock(float(_one(database, "SELECT extract(epoch FROM clock_timestamp())")))
    used, most = _one(database, "SELECT count(*) FROM pg_stat_activity"), _one(database, MOST)
    full = int(used) > 0.9 * int(most)
    yield Inspection(
        "connections",
        f"{used} of {most}",
        "hardly any are left" if full else "",
        "lower pool_size, or raise max_connections" if full else "",
    )
    broken = int(_one(database, INVALID))
    problem = f"{broken} are invalid" if broken else ""
    yield Inspection("index state", "valid", problem, "REINDEX them" if broken else "")


STANDBYS = "SELECT count(*) FROM pg_stat_replication"
MOST = "SELECT current_setting('max_connections')::int"
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


def _clock(theirs: float) -> Inspection:
    skew = theirs - time.time()
    problem = "the clocks differ" if abs(skew) > MAX_SKEW_S else ""
    remedy = "run NTP on both" if problem else ""
    return Inspection("database clock", f"{skew:+.1f} s from this server's", problem, remedy)


def _one(database: peewee.Database, sql: str) -> Any:
    return execute(database, sql).fetchone()[0]
