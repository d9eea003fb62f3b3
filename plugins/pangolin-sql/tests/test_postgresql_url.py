"""The URL: what it may say, and that nobody reads the password out of an error."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pangolin_sql import pangolin_stores
from pangolin_sql.address import Address, parse_address
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import BadRequest, Kind, Settings, Unavailable

SECRET = "s3cr%2Ft"
URL = f"postgresql://ann:{SECRET}@db.example:5433/records"
THING = Kind("thing", ("name",))


def parse(query: str = "") -> Address:
    return parse_address(f"{URL}{query}", Settings(request_timeout=20))


def test_both_schemes_are_registered_and_opening_connects_to_nothing() -> None:
    *_, backend = pangolin_stores()
    assert backend.schemes == ("postgresql", "postgres")
    for scheme in backend.schemes:
        backend.open(f"{scheme}://ann@db.example/records", Settings()).close()


def test_defaults_follow_the_settings() -> None:
    address = parse()
    assert (address.schema, address.pool_size, address.isolation) == ("public", 16, "locks")
    assert (address.pool_timeout, address.statement_timeout) == (10.0, 20.0)


def test_every_own_parameter_is_read() -> None:
    address = parse(
        "?schema=Lake&pool_size=3&pool_timeout=0.5&statement_timeout=1.5&isolation=serializable"
        "&replica=postgresql%3A%2F%2Fbob%40other%2Frecords"
    )
    assert (address.schema, address.pool_size, address.isolation) == ("Lake", 3, "serializable")
    assert (address.pool_timeout, address.statement_timeout) == (0.5, 1.5)
    assert address.replica == "postgresql://bob@other/records"
    options = address.connect_parameters()["options"]
    assert '-c search_path="Lake" -c statement_timeout=1500' in options


def test_parameters_of_libpq_are_passed_through() -> None:
    address = parse("?sslmode=verify-full&sslrootcert=%2Fca.pem&options=-c%20jit%3Doff&schema=x")
    found = address.connect_parameters()
    assert (found["sslmode"], found["sslrootcert"]) == ("verify-full", "/ca.pem")
    assert found["options"].endswith("-c jit=off")
    assert found["password"] == "s3cr/t"
    assert "schema" not in found


def test_a_parameter_of_libpq_wins_over_the_stores_choice() -> None:
    found = parse("?connect_timeout=3&application_name=mine").connect_parameters()
    assert (found["connect_timeout"], found["application_name"]) == ("3", "mine")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?poolsize=3", "unknown parameter 'poolsize'.*pool_size"),
        ("?client_encoding=latin1", "unknown parameter 'client_encoding'"),
        ("?pool_size=0", "pool_size must be a number from 1, not '0'"),
        ("?pool_size=many", "pool_size must be a number from 1, not 'many'"),
        ("?pool_timeout=nan", "pool_timeout must be"),
        ("?statement_timeout=-1", "statement_timeout must be"),
        ("?schema=", "schema must be letters"),
        ("?schema=a-b", "schema must be letters"),
        ("?schema=pg_mine", "schema must be letters"),
        ("?schema=a&schema=b", "'schema' twice"),
        ("?isolation=none", "isolation must be one of"),
        ("?replica=mysql://x", "store_url is not postgresql://"),
        ("?replica=", None),
    ],
)
def test_a_bad_parameter_is_refused_by_name(query: str, words: str | None) -> None:
    if words is None:
        return open_postgresql(f"{URL}{query}", Settings()).close()
    with pytest.raises(BadRequest, match=words) as caught:
        open_postgresql(f"{URL}{query}", Settings())
    assert SECRET not in caught.value.message
    return None


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@[db.example/records",
        f"postgresql://ann:{SECRET}%zz@db.example/records",
        f"postgresql://ann:{SECRET}@db.example",
        f"postgresql://ann:{SECRET}@db.example/",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadRequest, match="store_url") as caught:
        open_postgresql(url, Settings())
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert SECRET not in shown.replace(repr(url), "")


def test_no_representation_shows_the_password() -> None:
    store: Any = open_postgresql(f"{URL}?replica=postgresql://bob:{SECRET}@x/y", Settings())
    address = store.dialect.address
    for text in (repr(address), str(address), repr(store), repr(store.dialect)):
        assert "s3cr" not in text
        assert "bob" not in text


def test_a_server_that_is_away_is_unavailable_and_the_message_says_where(
    free_port: int,
) -> None:
    store = open_postgresql(f"postgresql://ann:{SECRET}@127.0.0.1:{free_port}/r", Settings())
    attempts: list[Callable[[], object]] = [
        lambda: store.get(THING, ("a",)),
        lambda: store.setup([THING]),
        store.ping,
    ]
    for attempt in attempts:
        with pytest.raises(Unavailable, match=f"'r' at 127.0.0.1:{free_port} failed") as caught:
            attempt()
        shown = "".join(traceback.format_exception(caught.value))
        assert "s3cr" not in shown
        assert caught.value.headers["Retry-After"] == "1"
