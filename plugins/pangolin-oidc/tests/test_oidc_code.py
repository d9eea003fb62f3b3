"""Signing in by authorization code, from the client's side."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pangolin_oidc.provider import OidcProvider

from pangolin.plugin import ExternalIdentity, LoginRequest, Unauthorized, Unavailable
from tests.servers.issuer import CLIENT, SECRET, Issuer
from tests.servers.loopback import Said

from .conftest import World

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
# RFC 7636, appendix B.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
LOGIN = LoginRequest("http://127.0.0.1/oauth/callback/corp", "st", "no", VERIFIER, CHALLENGE)
WITH_SECRET = f'client_secret = "{SECRET}"'


@pytest.fixture
def provider(world: World) -> OidcProvider:
    """The application's provider."""
    found = world.runtime.providers[0]
    assert isinstance(found, OidcProvider)
    return found


def code_of(provider: OidcProvider, login: LoginRequest = LOGIN) -> str:
    """Go to the provider as a browser does; return the code it sends back."""
    answer = requests.get(provider.authorize_url(login), allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def signed_in(provider: OidcProvider) -> ExternalIdentity:
    """Sign in all the way."""
    return provider.identify(LOGIN, code_of(provider))


def test_the_browser_is_sent_with_pkce_state_and_nonce(
    provider: OidcProvider, issuer: Issuer
) -> None:
    parts = urlsplit(provider.authorize_url(LOGIN))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{issuer.url}/authorize"
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": LOGIN.callback,
        "scope": "openid profile email",
        "state": "st",
        "nonce": "no",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def test_a_query_of_the_endpoint_is_kept(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.overrides = {"authorization_endpoint": f"{issuer.url}/authorize?p=policy"}
    assert "/authorize?p=policy&response_type=code&" in provider.authorize_url(LOGIN)


def test_who_signs_in_is_told(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.person = {"sub": "ann-1", "email": "ann@example.org", "email_verified": True}
    identity = signed_in(provider)
    assert (identity.provider, identity.subject) == ("corp", "ann-1")
    assert (identity.email, identity.email_verified) == ("ann@example.org", True)
    assert "/userinfo" not in issuer.seen


def test_userinfo_is_asked_for_a_missing_address(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.info = {"email": "ann@example.org", "email_verified": True}
    assert signed_in(provider).email == "ann@example.org"


def test_userinfo_about_somebody_else_is_refused(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.info = {"sub": "eve", "email": "ann@example.org", "email_verified": True}
    with pytest.raises(Unauthorized, match="somebody else"):
        signed_in(provider)


def test_a_code_is_good_once(provider: OidcProvider) -> None:
    code = code_of(provider)
    provider.identify(LOGIN, code)
    with pytest.raises(Unauthorized, match="invalid_grant"):
        provider.identify(LOGIN, code)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "aud"),
        ({"aud": [CLIENT, "another"]}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"iss": "https://elsewhere.example"}, "iss"),
        ({"exp": 1}, "exp"),
        ({"iat": None}, "iat"),
        ({"typ": "Bearer", "events": {}}, "typ"),
    ],
)
def test_a_wrong_id_token_is_refused(
    provider: OidcProvider, issuer: Issuer, claims: dict[str, Any], why: str
) -> None:
    code = code_of(provider)
    claims = {"nonce": "no", **claims}
    token = issuer.sign(issuer.claims(**claims))
    issuer.answers["/token"] = Said(body={"id_token": token, "access_token": "opaque"})
    with pytest.raises(Unauthorized, match=f" {why}:"):
        provider.identify(LOGIN, code)


def test_an_access_token_is_no_id_token(provider: OidcProvider, issuer: Issuer) -> None:
    token = issuer.sign(issuer.claims(nonce="no"), headers={"typ": "at+jwt"})
    issuer.answers["/token"] = Said(body={"id_token": token, "access_token": "opaque"})
    with pytest.raises(Unauthorized, match="typ"):
        provider.identify(LOGIN, "x")


def test_a_token_for_two_may_name_us_as_its_client(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.id_claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert signed_in(provider).subject == "ann-1"


def test_a_public_client_says_who_it_is(provider: OidcProvider, issuer: Issuer) -> None:
    signed_in(provider)
    (asked,) = issuer.forms
    assert asked.form["client_id"] == CLIENT
    assert "client_secret" not in asked.form
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("more", [WITH_SECRET])
def test_a_secret_goes_into_the_header_form_encoded(provider: OidcProvider, issuer: Issuer) -> None:
    signed_in(provider)
    (asked,) = issuer.forms
    pair = base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == f"{CLIENT}:s3cret%2Bwith%2Fodd%3Achars"
    assert "client_secret" not in asked.form


@pytest.mark.parametrize("more", [WITH_SECRET])
def test_a_secret_goes_into_the_body_where_the_header_is_not_taken(
    provider: OidcProvider, issuer: Issuer
) -> None:
    issuer.overrides = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    signed_in(provider)
    (asked,) = issuer.forms
    assert asked.form["client_secret"] == SECRET
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("more", [WITH_SECRET])
def test_a_way_to_authenticate_that_is_not_known_is_said(
    provider: OidcProvider, issuer: Issuer
) -> None:
    issuer.overrides = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    with pytest.raises(Unavailable, match="neither client_secret_basic nor client_secret_post"):
        signed_in(provider)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said(400, {"error": "invalid_grant"}), Unauthorized),
        (Said(401, {"error": "invalid_client"}), Unavailable),
        (Said(200, {"error": "<script>"}), Unavailable),
        (Said(500, {"error": "invalid_grant"}), Unavailable),
        (Said(200, b"access_token=x"), Unavailable),
        (Said(200, {"access_token": "x"}), Unavailable),
        (Said(200, []), Unavailable),
        (Said(307, headers={"Location": "/elsewhere"}), Unavailable),
    ],
)
def test_a_token_endpoint_that_fails_never_signs_in(
    provider: OidcProvider, issuer: Issuer, answer: Said, error: type[Exception]
) -> None:
    issuer.answers["/token"] = answer
    with pytest.raises(error) as caught:
        provider.identify(LOGIN, "x")
    assert "corp" in str(caught.value)
    assert "script" not in str(caught.value)
    assert "/elsewhere" not in issuer.seen


@pytest.mark.parametrize("more", [WITH_SECRET])
def test_the_secret_is_in_no_message(provider: OidcProvider, issuer: Issuer) -> None:
    issuer.answers["/token"] = Said(401, {"error": "invalid_client", "was": SECRET})
    with pytest.raises(Unavailable) as caught:
        provider.identify(LOGIN, "x")
    assert SECRET not in caught.value.message + repr(provider.__dict__)
