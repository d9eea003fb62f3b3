"""A provider that is slow, silent or not there costs a bounded time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pangolin_oidc import fetching
from pangolin_oidc.fetching import Line

from pangolin.plugin import Unavailable

LINE = Line("corp", allow_http=True)


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[str]:
    """Serve one connection: a head at once, then a drop every 20 ms for as long as it is wanted."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head)
                while not stop.wait(0.02):
                    try:
                        connection.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            stop.set()
            thread.join()


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_S", 0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    begun = time.monotonic()
    with dripping(head, b" ") as url, pytest.raises(Unavailable, match="took longer"):
        LINE.get(url)
    assert time.monotonic() - begun < 3


def test_an_answer_without_end_is_given_up() -> None:
    with (
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 200_000) as url,
        pytest.raises(Unavailable, match="longer than"),
    ):
        LINE.get(url)


def test_a_silent_provider_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "READ_S", 0.2)
    with dripping(b"", b"") as url, pytest.raises(Unavailable, match="Timeout"):
        LINE.get(url)


def test_what_is_not_http_is_given_up() -> None:
    with dripping(b"SSH-2.0-x\r\n", b"\r\n") as url, pytest.raises(Unavailable):
        LINE.get(url)


def test_a_provider_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        LINE.get(f"http://127.0.0.1:{port}/")
    assert caught.value.headers == {"Retry-After": "5"}


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "file:///etc/passwd", "gopher://127.0.0.1/"])
def test_other_schemes_and_plain_http_elsewhere_are_never_used(url: str) -> None:
    with pytest.raises(Unavailable, match="not https"):
        LINE.get(url)
    with pytest.raises(Unavailable, match="not https"):
        Line("corp", allow_http=False).get("http://127.0.0.1:1/")
