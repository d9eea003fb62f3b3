"""Where a PostgreSQL database is and how to use it, read from its URL."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from pangolin.plugin import BadRequest, Settings

SCHEMES = ("postgresql", "postgres")
OWN = ("isolation", "pool_size", "pool_timeout", "replica", "schema", "statement_timeout")
# Parameters that the store sets itself, and those of other kinds of connections.
KEPT = frozenset({"client_encoding", "fallback_application_name", "replication"})
KNOWN = frozenset(each.keyword.decode() for each in Conninfo.get_defaults()) - KEPT
ISOLATIONS = ("locks", "serializable")
DEFAULT_SCHEMA = "public"
SCHEMA = re.compile(r"(?!pg_)[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL: `parameters` are libpq's (with the password, so never shown); seconds."""

    parameters: dict[str, Any] = field(repr=False)
    schema: str = DEFAULT_SCHEMA
    pool_size: int = 16
    pool_timeout: float = 10.0
    statement_timeout: float = 60.0
    isolation: str = ISOLATIONS[0]
    replica: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the name of the database for messages."""
        where = self.parameters.get("host", "local socket")
        port = f":{self.parameters['port']}" if "port" in self.parameters else ""
        return f"PostgreSQL database {self.parameters['dbname']!r} at {where}{port}"

    def connect_parameters(self) -> dict[str, Any]:
        """Return libpq's parameters, with limits on the wait for a dead server."""
        milliseconds = max(1, round(self.statement_timeout * 1000))
        names = ("statement_timeout", "idle_in_transaction_session_timeout")
        options = [f'-c search_path="{self.schema}"', *(f"-c {n}={milliseconds}" for n in names)]
        limits = {
            "application_name": "pangolin",
            "connect_timeout": max(2, round(self.pool_timeout)),
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": milliseconds + 10_000,
        }
        given = self.parameters.get("options")
        return limits | self.parameters | {"options": " ".join([*options, *filter(None, [given])])}


def parse_address(url: str, settings: Settings) -> Address:
    """Parse a URL; raise `BadRequest` naming the parameter that is wrong, never the password."""
    base, _, query = url.partition("?")
    own: dict[str, str] = {}
    theirs: list[str] = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        _check_name(name, own)
        if name in OWN:
            own[name] = unquote(value)
        else:
            theirs.append(part)
    limit = settings.request_timeout
    return Address(
        _libpq(f"{base}?{'&'.join(theirs)}" if theirs else base),
        _schema(own.get("schema", DEFAULT_SCHEMA)),
        _number(own, "pool_size", 16, 1),
        _number(own, "pool_timeout", min(10.0, limit), 0.001),
        _number(own, "statement_timeout", limit, 0.001),
        _isolation(own.get("isolation", ISOLATIONS[0])),
        own.get("replica", ""),
    )


def _check_name(name: str, seen: Iterable[str]) -> None:
    if name not in OWN and name not in KNOWN:
        raise BadRequest(
            f"store_url has the unknown parameter {name!r}: use {', '.join(OWN)}"
            " or a connection parameter of libpq"
        )
    if name in seen:
        raise BadRequest(f"store_url has the parameter {name!r} twice")


def _libpq(url: str) -> dict[str, Any]:
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Its message may quote the password.
        raise BadRequest(
            "store_url is not postgresql://user:password@host:port/database:"
            " percent-encode special characters"
        ) from None
    if not found.get("dbname"):
        raise BadRequest("store_url must name a database: postgresql://host/database")
    return dict(found)


def _schema(name: str) -> str:
    if SCHEMA.fullmatch(name):
        return name
    raise BadRequest(
        f"store_url: schema must be letters, digits and _, at most 63, not {name!r:.100}"
    )


def _isolation(word: str) -> str:
    if word in ISOLATIONS:
        return word
    raise BadRequest(f"store_url: isolation must be one of {ISOLATIONS}, not {word!r:.100}")


def _number(own: dict[str, str], name: str, default: Any, least: float) -> Any:
    try:
        value = (int if name == "pool_size" else float)(own.get(name, default))
    except ValueError:
        value = None
    if value is not None and least <= value <= 1_000_000:
        return value
    raise BadRequest(f"store_url: {name} must be a number from {least:g}, not {own[name]!r:.100}")
