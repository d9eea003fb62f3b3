"""The client: created on first use in each process, with every wait bounded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from secrets import randbelow
from typing import Any

import pymongo
from pymongo import MongoClient, ReadPreference
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from pangolin.plugin import BadRequest
from pangolin_mongodb.documents import CODEC, Stored

DATABASE = "pangolin"
SELECTION_SECONDS = 10.0
MAJORITY = WriteConcern("majority")
SNAPSHOT = ReadConcern("snapshot")
COMMITTED = ReadConcern("majority")
FORM = "mongodb://[user:password@]host[:port][,host…]/[database][?options], percent-encoded"


class Connection:
    """One process's client and database; `slot` rotates from a random start."""

    def __init__(self, url: str, database: str, seconds: float, **options: Any) -> None:
        self.pid = os.getpid()
        # The store's guarantees must not depend on options of the URL.
        self.client: MongoClient[Stored] = MongoClient(
            url, connect=False, appname="pangolin", retryWrites=True, retryReads=True, **options
        )
        self.database: Database[Stored] = self.client.get_database(
            database, CODEC, ReadPreference.PRIMARY, MAJORITY, SNAPSHOT
        )
        self.seconds = seconds
        self._slots = count(randbelow(2**16))

    def slot(self) -> int:
        """Choose the marker or gate of the next batch."""
        return next(self._slots)


class Connections:
    """Opens the client on first use, and again after a fork or a close.

    Raises `BadRequest` for an invalid URL, without repeating it: it may hold a password.
    """

    def __init__(self, url: str, seconds: float) -> None:
        parsed = _parse(url)
        self.database = parsed["database"] or DATABASE
        self.seconds = seconds
        self._url = url
        self._options = (
            {} if parsed["options"].get("serverSelectionTimeoutMS") else _patience(seconds)
        )
        self._open: dict[int, Connection] = {}

    def fresh(self) -> Connection:
        """Make a connection that the caller closes."""
        return Connection(self._url, self.database, self.seconds, **self._options)

    def here(self) -> Connection:
        """Return this process's connection."""
        found = self._open.get(os.getpid())
        if found:
            return found
        made = self.fresh()
        kept = self._open.setdefault(made.pid, made)
        if kept is not made:
            made.client.close()
        return kept

    @contextmanager
    def bounded(self) -> Iterator[Connection]:
        """Use this process's connection; calls of the driver time out when the time is up."""
        connection = self.here()
        with pymongo.timeout(self.seconds):
            yield connection

    def close(self) -> None:
        """Close this process's client; one that a parent opened is left alone."""
        found = self._open.pop(os.getpid(), None)
        if found:
            found.client.close()


def _patience(seconds: float) -> dict[str, int]:
    # Elections take a few seconds; a server that is down must not block every thread for a minute.
    return {"serverSelectionTimeoutMS": int(1000 * min(SELECTION_SECONDS, seconds))}


def _parse(url: str) -> dict[str, Any]:
    # Parsing an SRV address asks the DNS, which a start must not need.
    plain = "mongodb://" + url.partition("://")[2]
    try:
        parsed = dict(parse_uri(plain, validate=True, warn=False))
    except (PyMongoError, ValueError, TypeError) as error:
        raise BadRequest(f"store_url must be {FORM} ({type(error).__name__})") from None
    if parsed.get("collection"):
        raise BadRequest(f"store_url must name a database, not a collection: {FORM}")
    return parsed
