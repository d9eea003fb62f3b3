"""Who a person is, by the claims of a token."""

from typing import Any

import pytest
from pangolin_oidc.claims import filled, groups_of, identity_of, lacks
from pangolin_oidc.options import Options


def options(**more: Any) -> Options:
    """Return options that map groups."""
    given: dict[str, Any] = {"groups_claim": "groups", "roles": {"devs": "developer", "ops": "op"}}
    return Options(
        name="corp",
        type="oidc",
        label="Corp",
        issuer="https://id.example.org",
        client_id="pangolin",
        tenant="default",
        **(given | more),
    )


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("groups", {"groups": ["devs", "other", 7]}),
        ("groups", {"groups": "devs"}),
        ("realm_access.roles", {"realm_access": {"roles": ["devs"]}}),
        ("resource_access.my-app.roles", {"resource_access": {"my-app": {"roles": ["devs"]}}}),
        ("https://example.org/groups", {"https://example.org/groups": ["devs"]}),
    ],
)
def test_groups_are_found_where_the_operator_says(path: str, claims: dict[str, Any]) -> None:
    identity = identity_of({"sub": "1", **claims}, options(groups_claim=path))
    assert identity.groups == ("devs",)


@pytest.mark.parametrize(
    "claims", [{}, {"a": 7}, {"a": {"b": 7}}, {"a": ["b"]}, {"a": {"b": {"c": ["devs"]}}}]
)
def test_groups_that_are_not_there_are_none(claims: dict[str, Any]) -> None:
    assert groups_of(claims, options(groups_claim="a.b")) == ()


@pytest.mark.parametrize(
    ("value", "verified"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False), ([], False)],
)
def test_an_address_is_verified_if_the_provider_says_so(value: object, verified: bool) -> None:
    claims = {"sub": "1", "email": "ann@example.org", "email_verified": value}
    assert identity_of(claims, options()).email_verified is verified


def test_without_an_address_nothing_is_verified() -> None:
    assert not identity_of({"sub": "1", "email_verified": True}, options()).email_verified


@pytest.mark.parametrize("email", ["x" * 320 + "@example.org", "\ud800@example.org", 7, ""])
def test_what_is_no_address_is_none(email: object) -> None:
    identity = identity_of({"sub": "1", "email": email, "email_verified": True}, options())
    assert (identity.email, identity.email_verified) == (None, False)


def test_another_claim_may_say_that_an_address_is_verified() -> None:
    claims = {"sub": "1", "email": "ann@example.org", "xms_edov": 1, "email_verified": False}
    assert identity_of(claims, options(email_verified_claim="xms_edov")).email_verified


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ann", "email": "a@b"}, "ann"),
        ({"preferred_username": " ", "email": "a@b"}, "a@b"),
        ({"name": "Ann B."}, "Ann B."),
        ({"preferred_username": ["ann"]}, "1"),
        ({"preferred_username": "\ud800"}, "1"),
    ],
)
def test_a_person_always_has_a_name(claims: dict[str, Any], name: str) -> None:
    assert identity_of({"sub": "1", **claims}, options()).name == name


def test_userinfo_is_asked_for_what_is_missing() -> None:
    assert lacks({"email": "a@b"}, options())
    assert lacks({"groups": []}, options())
    assert not lacks({"email": "a@b", "groups": []}, options())
    assert not lacks({"email": "a@b"}, options(groups_claim=""))


def test_what_a_token_says_of_an_address_is_not_mixed_with_what_userinfo_says() -> None:
    info = {"email": "other@example.org", "email_verified": True, "groups": ["ops"]}
    own = filled({"sub": "1", "email": "ann@example.org"}, info, options())
    assert (own["email"], own.get("email_verified")) == ("ann@example.org", None)
    assert own["groups"] == ["ops"]
    theirs = filled({"sub": "1", "email_verified": True}, {"email": "x@example.org"}, options())
    assert (theirs["email"], theirs.get("email_verified")) == ("x@example.org", None)
