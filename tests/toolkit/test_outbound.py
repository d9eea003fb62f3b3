import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from pangolin.errors import BadRequest, Unavailable
from pangolin.settings import Settings
from pangolin.toolkit.outbound import call_endpoint, check_endpoint, resolve_endpoint
from tests.servers.loopback import Asked, Said, serving

NEAR = Settings(endpoint_networks=("loopback",))
FAR = Settings(endpoint_networks=("none",))


class Echo:
    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/away":
            return Said(302, headers={"Location": f"{self.url}/secret"})
        return Said(body={"host": asked.headers["Host"], **asked.form})


@pytest.fixture
def echo() -> Iterator[Echo]:
    site = Echo()
    with serving(site):
        yield site


def call(url: str, settings: Settings) -> tuple[int, bytes]:
    said = call_endpoint(
        "POST", url, option="s3.endpoint", settings=settings, body=b"a=1", timeout=5.0
    )
    return said.status, said.body


def test_an_allowed_address_is_called_under_its_own_name(echo: Echo) -> None:
    url = echo.url.replace("127.0.0.1", "localhost")
    status, body = call(f"{url}/x", NEAR)
    assert status == 200
    assert url.removeprefix("http://").encode() in body
    assert b'"a": "1"' in body


def test_a_name_that_leads_to_a_refused_address_is_not_called(echo: Echo) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.endpoint leads to an address") as raised:
        call(echo.url.replace("127.0.0.1", "localhost"), FAR)
    assert "PANGOLIN_ENDPOINT_NETWORKS" in raised.value.message
    assert not echo.seen


def test_a_redirect_is_not_followed(echo: Echo) -> None:
    assert call(f"{echo.url}/away", NEAR)[0] == 302
    assert echo.seen == {"/away": 1}


def test_the_address_that_was_checked_is_the_one_that_is_called(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254"])
    real = socket.getaddrinfo

    def turncoat(host: str, port: int, *more: int, **named: int) -> object:
        return real(next(answers) if host == "turncoat.example" else host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", turncoat)
    assert call(echo.url.replace("127.0.0.1", "turncoat.example"), NEAR)[0] == 200
    assert next(answers) == "169.254.169.254"


def test_one_refused_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(2, 1, 6, "", (address, 80)) for address in ("8.8.8.8", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(BadRequest):
        resolve_endpoint("http://both.example", "s3.endpoint", NEAR)


def test_a_host_without_an_address_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="has no address"):
        resolve_endpoint("http://nowhere.invalid", "s3.endpoint", NEAR)


@pytest.mark.parametrize(
    "url", ["ftp://a", "file:///etc/passwd", "http://", "http://a:0", "http://a@b", "http://[::1"]
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match=r"^s3\.endpoint must be"):
        check_endpoint(url, "s3.endpoint", NEAR)


def test_a_literal_address_is_checked_without_a_network() -> None:
    check_endpoint("http://127.0.0.1:9000", "s3.endpoint", NEAR)
    check_endpoint("https://name.invalid", "s3.endpoint", FAR)
    with pytest.raises(BadRequest):
        check_endpoint("http://127.0.0.1:9000", "s3.endpoint", FAR)
