"""Ends of connections that meet a commit under way, for each kind of database server."""

import time

from tests.servers.stores import Database

COMMITTING = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'pangolin' AND state = 'active' AND query = 'COMMIT'"""


def slow_commits(database: Database) -> None:
    """Restart PostgreSQL such that each commit takes long enough to be met."""
    from tests.servers.postgres import SLOW, Postgres

    if isinstance(database.own, Postgres):
        database.own.settings = SLOW
        database.restart()


def cut_commits(database: Database, times: int, seconds: float) -> None:
    """End that many connections while they commit, or as many as there are in the time."""
    cut = _cut_postgres if database.name == "postgresql" else _cut_mongodb
    cut(database, times, seconds)


def _cut_postgres(database: Database, times: int, seconds: float) -> None:
    # The plugin is tested where the driver is not installed, too.
    import psycopg

    give_up, ended = time.monotonic() + seconds, 0
    with psycopg.connect(database.url, autocommit=True) as operator:
        while ended < times and time.monotonic() < give_up:
            (met,) = operator.execute(COMMITTING).fetchone() or (0,)
            ended += met
            # Commits must also succeed in between.
            time.sleep(0.1 if met else 0.002)


def _cut_mongodb(database: Database, times: int, seconds: float) -> None:
    from pymongo import MongoClient

    data = {"failCommands": ["commitTransaction"], "closeConnection": True}
    with MongoClient[dict[str, object]](database.url) as client:
        point = {"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data}
        client.admin.command(point)
        time.sleep(seconds)
        client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
