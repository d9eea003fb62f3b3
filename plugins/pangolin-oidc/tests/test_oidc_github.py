"""GitHub: plain OAuth 2.0, so that only what it says of itself over its own line counts."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pangolin_oidc.github import GithubProvider
from pangolin_oidc.reading import read

from pangolin.plugin import ExternalIdentity, LoginRequest, Unauthorized, Unavailable
from tests.servers.github import Github, github
from tests.servers.loopback import Said

LOGIN = LoginRequest("http://127.0.0.1/oauth/callback/hub", "st", "no", "v" * 43, "c" * 43)


@pytest.fixture
def site() -> Iterator[Github]:
    """A GitHub."""
    with github() as made:
        yield made


@pytest.fixture
def provider(site: Github, tmp_path: Path) -> GithubProvider:
    """The provider for it."""
    path = tmp_path / "providers.toml"
    path.write_text(f"""
[[provider]]
type = "github"
name = "hub"
issuer = "{site.url}"
allow_http = true
client_id = "pangolin"
client_secret = "s3cret"
tenant = "default"
create_users = true
email_domains = ["example.org"]
roles = {{ devs = "developer" }}
""")
    return GithubProvider(read(path)[0])


def signed_in(provider: GithubProvider) -> ExternalIdentity:
    """Sign in all the way."""
    answer = requests.get(provider.authorize_url(LOGIN), allow_redirects=False, timeout=5)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    return provider.identify(LOGIN, code)


def test_a_person_is_their_number(provider: GithubProvider) -> None:
    identity = signed_in(provider)
    assert (identity.subject, identity.name, identity.groups) == ("4711", "ann", ("devs",))
    assert provider.weaker


def test_the_primary_address_counts_if_it_is_verified(provider: GithubProvider) -> None:
    identity = signed_in(provider)
    assert (identity.email, identity.email_verified) == ("Ann@Example.org", True)


def test_no_other_address_counts(provider: GithubProvider, site: Github) -> None:
    site.addresses[1]["verified"] = False
    identity = signed_in(provider)
    assert (identity.email, identity.email_verified) == (None, False)


def test_the_code_is_redeemed_with_secret_and_verifier(
    provider: GithubProvider, site: Github
) -> None:
    signed_in(provider)
    (asked,) = site.forms
    assert asked.form["client_secret"] == "s3cret"
    assert asked.form["code_verifier"] == "v" * 43
    assert asked.headers["Accept"] == "application/json"


def test_a_bad_code_is_refused(provider: GithubProvider) -> None:
    with pytest.raises(Unauthorized, match="bad_verification_code"):
        provider.identify(LOGIN, "made-up")


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        ("/api/v3/user", Said(401), Unauthorized),
        ("/api/v3/user", Said(500), Unavailable),
        ("/api/v3/user", Said(200, {"id": "4711", "login": "ann"}), Unavailable),
        ("/api/v3/user", Said(200, {"id": True, "login": "ann"}), Unavailable),
        ("/api/v3/user", Said(200, {"id": 1}), Unavailable),
        ("/api/v3/user/emails", Said(200, {}), Unavailable),
        ("/api/v3/user/emails", Said(403), Unauthorized),
        ("/api/v3/user/orgs", Said(404), Unavailable),
        ("/login/oauth/access_token", Said(200, {"access_token": 7}), Unavailable),
    ],
)
def test_an_answer_that_does_not_say_who_it_is_signs_nobody_in(
    provider: GithubProvider, site: Github, path: str, answer: Said, error: type[Exception]
) -> None:
    site.answers[path] = answer
    with pytest.raises(error, match="hub"):
        signed_in(provider)
