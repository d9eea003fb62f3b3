"""Who a person is, from the claims of a verified token."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pangolin.plugin import ExternalIdentity
from pangolin_oidc.options import Options
from pangolin_oidc.tokens import Claims

# How providers say yes: the standard is a boolean, some send text, and Entra ID's xms_edov 1.
YES: Final = (True, "true", "True", 1, "1")
LONGEST_EMAIL: Final = 320
# JSON may hold lone surrogates, which no store can keep.
SURROGATES: Final = re.compile("[\ud800-\udfff]")


def identity_of(claims: Claims, options: Options) -> ExternalIdentity:
    """Return the identity in a token's claims."""
    email = _text(claims, "email")
    email = email if email and len(email) <= LONGEST_EMAIL else None
    return ExternalIdentity(
        provider=options.name,
        subject=claims["sub"],
        tenant=options.tenant,
        name=_name(claims, options),
        email=email,
        email_verified=bool(email) and claims.get(options.email_verified_claim) in YES,
        groups=tuple(group for group in groups_of(claims, options) if group in options.roles),
        roles=options.roles,
        domains=options.email_domains,
        creates=options.create_users,
    )


def groups_of(claims: Claims, options: Options) -> tuple[str, ...]:
    """List a person's groups; a claim's name may contain dots, also as a path into objects."""
    found = _lookup(claims, options.groups_claim)
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, list):
        return ()
    return tuple(item for item in found if isinstance(item, str))


def lacks(claims: Claims, options: Options) -> bool:
    """Return whether the e-mail address or the groups must be fetched from userinfo."""
    no_groups = bool(options.groups_claim) and _lookup(claims, options.groups_claim) is None
    return no_groups or _text(claims, "email") is None


def filled(claims: Claims, info: Claims, options: Options) -> Claims:
    """Add userinfo's claims; an address and its verification always come from the same source."""
    pair = ("email", options.email_verified_claim)
    known = {name: value for name, value in claims.items() if value is not None}
    source = info if _text(claims, "email") is None else known
    rest = {name: value for name, value in {**info, **known}.items() if name not in pair}
    return rest | {name: source[name] for name in pair if name in source}


def _lookup(claims: Claims, path: str) -> Any:
    if not path or path in claims:
        return claims.get(path)
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _name(claims: Claims, options: Options) -> str:
    wanted = (options.name_claim, "preferred_username", "email", "name", "sub")
    return next(name for name in (_text(claims, claim) for claim in wanted) if name)


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    fit = isinstance(value, str) and value.strip() and not SURROGATES.search(value)
    return value if fit else None
