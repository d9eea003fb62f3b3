"""Read the TOML file that lists identity providers; every mistake names provider and field."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pangolin.plugin import BadRequest
from pangolin_oidc.options import FAMILIES, GITHUB, GITHUB_API, PUBLIC, Options, is_safe_url

SECRETS: Final = ("client_secret", "client_secret_env", "client_secret_file")
KNOWN: Final = frozenset({*(item.name for item in fields(Options)), *SECRETS})
ONLY_OIDC: Final = frozenset(
    {"audiences", "groups_claim", "name_claim", "email_verified_claim", "algorithms"}
    | {"leeway_seconds"}
)
MAX_LEEWAY: Final = 300
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)
_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+", re.ASCII)


class Table:
    """One provider's table as it is in the file; reads raise `BadRequest`."""

    def __init__(self, raw: Mapping[str, Any], number: int) -> None:
        self._raw = raw
        name = raw.get("name")
        self.label = repr(name) if isinstance(name, str) else f"number {number}"

    def has(self, field: str) -> bool:
        """Return whether a field is given."""
        return field in self._raw

    def wrong(self, field: str, rule: str) -> BadRequest:
        """Build the error for a field."""
        return BadRequest(f"identity provider {self.label}: {field} {rule}")

    def refuse_others(self, known: frozenset[str], why: str) -> None:
        """Refuse fields that are not known."""
        for field in sorted(self._raw.keys() - known):
            raise self.wrong(field, why)

    def text(self, field: str, default: str | None = None) -> str:
        """Read a text that is not empty; without a default it is required."""
        if field not in self._raw and default is not None:
            return default
        value = self._raw.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, "is required and must be text")
        return value

    def flag(self, field: str) -> bool:
        """Read true or false; false if it is not given."""
        value = self._raw.get(field, False)
        if not isinstance(value, bool):
            raise self.wrong(field, "must be true or false")
        return value

    def number(self, field: str, default: int, most: int) -> int:
        """Read an integer from 0 to `most`."""
        value = self._raw.get(field, default)
        if type(value) is not int or not 0 <= value <= most:
            raise self.wrong(field, f"must be an integer from 0 to {most}")
        return value

    def texts(self, field: str, default: Sequence[str]) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self._raw.get(field, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(field, "must be a list of texts")
        return tuple(dict.fromkeys(value))

    def map(self, field: str) -> dict[str, str]:
        """Read a table of texts."""
        value = self._raw.get(field, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise self.wrong(field, "must be a table from group to the name of a role")
        return dict(value)


def read(path: Path) -> list[Options]:
    """Read all providers of a file; raise `BadRequest` for the first mistake."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRequest(f"PANGOLIN_IDENTITY_PROVIDERS: {path} cannot be read: {error}") from None
    tables = raw.get("provider")
    if raw.keys() != {"provider"} or not isinstance(tables, list) or not tables:
        raise BadRequest(f"PANGOLIN_IDENTITY_PROVIDERS: {path} must hold [[provider]] tables only")
    found: list[Options] = []
    for number, table in enumerate(tables, 1):
        if not isinstance(table, dict):
            raise BadRequest(f"PANGOLIN_IDENTITY_PROVIDERS: {path} must hold [[provider]] tables")
        options = _options(Table(table, number), path.parent)
        _refuse_twins(options, found)
        found.append(options)
    return found


def _refuse_twins(options: Options, others: Sequence[Options]) -> None:
    for other in others:
        if other.name == options.name:
            raise BadRequest(f"identity provider {options.name!r}: name is given twice")
        shared = set(other.audiences) & set(options.audiences)
        if other.issuer == options.issuer and shared:
            # A token of that audience would belong to two providers and thus to two tenants.
            raise BadRequest(
                f"identity provider {options.name!r}: audiences {sorted(shared)} are those of "
                f"{other.name!r} as well, which has the same issuer"
            )


def _options(table: Table, directory: Path) -> Options:
    table.refuse_others(KNOWN, "is not a field of a provider")
    name = table.text("name")
    if not _NAME.fullmatch(name):
        raise table.wrong("name", "must be 1 to 64 lower-case letters, digits and hyphens")
    kind = table.text("type", "oidc")
    if kind not in ("oidc", "github"):
        raise table.wrong("type", "must be oidc or github")
    made = _oidc(table, name, directory) if kind == "oidc" else _github(table, name, directory)
    if made.create_users and not made.email_domains and made.issuer in PUBLIC:
        rule = f"are required with create_users: anybody can have an account at {made.issuer}"
        raise table.wrong("email_domains", rule)
    return made


def _oidc(table: Table, name: str, directory: Path) -> Options:
    table.refuse_others(KNOWN - {"api_url"}, "is a field of type github only")
    client_id = table.text("client_id")
    scopes = _scopes(table, ("openid", "profile", "email"))
    if "openid" not in scopes:
        raise table.wrong("scopes", "must include openid")
    return Options(
        type="oidc",
        issuer=_url(table, "issuer", None),
        audiences=_audiences(table, client_id),
        scopes=scopes,
        groups_claim=_groups_claim(table),
        name_claim=table.text("name_claim", "preferred_username"),
        email_verified_claim=table.text("email_verified_claim", "email_verified"),
        algorithms=_algorithms(table),
        leeway_seconds=table.number("leeway_seconds", 30, MAX_LEEWAY),
        client_secret=_secret(table, directory),
        **_shared(table, name, client_id),
    )


def _github(table: Table, name: str, directory: Path) -> Options:
    table.refuse_others(KNOWN - ONLY_OIDC, "is a field of type oidc only")
    issuer = _url(table, "issuer", GITHUB).rstrip("/")
    organisations = ("read:org",) if table.has("roles") else ()
    secret = _secret(table, directory)
    if not secret:
        raise table.wrong("client_secret", "is required: GitHub knows no public clients")
    return Options(
        type="github",
        issuer=issuer,
        api_url=_url(table, "api_url", GITHUB_API if issuer == GITHUB else f"{issuer}/api/v3"),
        scopes=_scopes(table, ("read:user", "user:email", *organisations)),
        client_secret=secret,
        **_shared(table, name, table.text("client_id")),
    )


def _shared(table: Table, name: str, client_id: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": table.text("label", name),
        "client_id": client_id,
        "tenant": table.text("tenant"),
        "roles": table.map("roles"),
        "email_domains": _domains(table),
        "create_users": table.flag("create_users"),
        "allow_http": table.flag("allow_http"),
    }


def _url(table: Table, field: str, default: str | None) -> str:
    url = table.text(field, default)
    if not is_safe_url(url, table.flag("allow_http")) or urlsplit(url).query or "?" in url:
        rule = "must be https://host[/path] (http only to this machine, with allow_http = true)"
        raise table.wrong(field, rule)
    return url


def _audiences(table: Table, client_id: str) -> tuple[str, ...]:
    audiences = table.texts("audiences", (client_id,))
    if not audiences:
        raise table.wrong("audiences", "must not be empty")
    return audiences


def _scopes(table: Table, default: Sequence[str]) -> tuple[str, ...]:
    scopes = table.texts("scopes", default)
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise table.wrong("scopes", "must be texts without spaces")
    return scopes


def _groups_claim(table: Table) -> str:
    claim = table.text("groups_claim", "groups" if table.has("roles") else "")
    if not claim:
        return ""
    if not all(claim.split(".")):
        raise table.wrong("groups_claim", "must be a claim's name, or names joined by dots")
    return claim


def _algorithms(table: Table) -> tuple[str, ...]:
    algorithms = table.texts("algorithms", tuple(FAMILIES))
    unknown = [name for name in algorithms if name not in FAMILIES]
    if unknown or not algorithms:
        raise table.wrong("algorithms", f"must be some of {', '.join(FAMILIES)}; not {unknown}")
    return algorithms


def _domains(table: Table) -> tuple[str, ...]:
    domains = tuple(domain.lower() for domain in table.texts("email_domains", ()))
    if not all(_DOMAIN.fullmatch(domain) for domain in domains):
        raise table.wrong("email_domains", "must be domains such as example.org")
    return domains


def _secret(table: Table, directory: Path) -> str:
    given = [field for field in SECRETS if table.has(field)]
    if not given:
        return ""
    if len(given) > 1:
        raise table.wrong(given[1], f"must not be combined with {given[0]}")
    value = table.text(given[0])
    if given[0] == "client_secret_env":
        value = os.environ.get(value, "")
    elif given[0] == "client_secret_file":
        value = _secret_file(table, directory / value)
    if not value:
        raise table.wrong(given[0], "names a place that holds no secret")
    return value


def _secret_file(table: Table, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise table.wrong("client_secret_file", f"cannot be read: {error}") from None
