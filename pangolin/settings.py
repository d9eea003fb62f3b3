"""The table of settings, read from the environment once.

Field `x` is set by `PANGOLIN_X`; its help is in the field's metadata and is shown by
`pangolin settings` and in docs/reference/settings.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pangolin.errors import BadRequest

PREFIX = "PANGOLIN_"
# The prefix of the variables that the test suites read.
TESTS = "PANGOLIN_TEST_"
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})

QUICK_START_CATALOG = "lakehouse"


def setting(
    default: Any,
    text: str,
    *,
    secret: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a setting: its default, its help, its bounds, and whether it is never shown."""
    limits = {"at_least": at_least, "at_most": at_most, "choices": choices}
    return field(default=default, metadata={"help": text, "secret": secret, **limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can configure."""

    data_dir: str = setting("pangolin-data", "Directory of the default store and warehouse.")
    store_url: str = setting(
        "", "URL of the store that keeps the records; empty: SQLite in the data directory."
    )
    file_roots: tuple[str, ...] = setting(
        (), "Directories below which file:// warehouses are allowed; separated by ':'."
    )
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8080, "Port to listen on.", at_least=0, at_most=65535)
    workers: int = setting(0, "Worker processes; 0: one per core, at least 2.", at_least=0)
    threads: int = setting(8, "Threads per worker process.", at_least=1)
    root_user: str = setting("root", "Name of the root user.")
    root_password: str = setting(
        "", "Password of the root user; empty: generated at first start, shown once.", secret=True
    )
    no_auth: bool = setting(False, "Serve without authentication; only on a loopback address.")
    session_hours: int = setting(24, "Hours that a login token is valid.", at_least=1)
    token_minutes: int = setting(60, "Minutes that an OAuth2 access token is valid.", at_least=1)
    renewal_days: int = setting(
        30, "Days after a sign-in during which its tokens can be rotated or exchanged.", at_least=1
    )
    token_issuer: str = setting("pangolin", "Issuer (`iss`) of this server's tokens.")
    secret_keys: str = setting(
        "",
        "Keys that seal secrets, as `id:base64 of 32 bytes`, separated by ','; the first seals.",
        secret=True,
    )
    secret_keys_file: str = setting(
        "", "File with such keys; with SQLite it is created in the data directory."
    )
    password_length: int = setting(12, "Minimum length of a password in characters.", at_least=8)
    argon2_time_cost: int = setting(3, "Passes of argon2id over its memory.", at_least=1)
    argon2_memory_kib: int = setting(65536, "Memory of argon2id in KiB.", at_least=8192)
    argon2_parallelism: int = setting(4, "Degree of parallelism (lanes) of argon2id.", at_least=1)
    login_tries: int = setting(
        10, "Wrong passwords after which an account is locked, for longer each time.", at_least=1
    )
    rate_limit: int = setting(
        300,
        "Sign-ins and token requests per minute from one address; a fifth of that per account.",
        at_least=1,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks of proxies whose X-Forwarded-For is trusted; separated by ','."
    )
    identity_providers: str = setting(
        "", "TOML file that lists external identity providers (see pangolin-oidc)."
    )
    oauth_redirect_uris: tuple[str, ...] = setting(
        (), "Full URLs to which a provider's login may return; separated by ','."
    )
    public_url: str = setting(
        "", "URL at which browsers reach the server; empty: that of the request, on loopback only."
    )
    audit_retention_days: int = setting(
        0, "Days that audit records are kept; 0: forever.", at_least=0
    )
    server_identity: bool = setting(
        False,
        "Let warehouses use the server's own cloud identity: managed or workload identity, "
        "or credentials from the environment.",
    )
    endpoint_networks: tuple[str, ...] = setting(
        (),
        "Non-public networks in which endpoints of warehouses are allowed, such as 10.1.0.0/16, "
        "or the words loopback, private, none; separated by ','. Empty: none, but loopback and "
        "private for a quick start that listens on this machine only.",
    )
    web_identity_endpoints: tuple[str, ...] = setting(
        (),
        "STS endpoints, besides Amazon's, to which the server's web identity token may be sent; "
        "separated by ','.",
    )
    secret_references: tuple[str, ...] = setting(
        (),
        "The server's own secrets to which any warehouse may refer, each as env:NAME or "
        "file:/path; separated by ','.",
    )
    warehouse_checks: str = setting(
        "record",
        "How a warehouse is checked when it is saved: 'require' refuses failures, 'record' "
        "keeps the result, 'off' skips the checks.",
        choices=("require", "record", "off"),
    )
    credential_seconds: int = setting(
        3600,
        "Seconds that vended credentials are valid, if the cloud allows it; at least 1800.",
        at_least=1800,
    )
    default_catalog: str = setting("", "Catalog for Iceberg clients that name no warehouse.")
    idempotency_minutes: int = setting(
        30, "Minutes that an Idempotency-Key is remembered.", at_least=1
    )
    commit_retries: int = setting(12, "Retries of a commit that lost a race.", at_least=0)
    max_body_bytes: int = setting(
        64 * 2**20, "Largest request body in bytes; larger ones are answered 413.", at_least=1024
    )
    request_timeout: float = setting(
        60.0,
        "Seconds after which a request stops retrying and storage calls time out.",
        at_least=0.1,
    )
    graceful_timeout: int = setting(
        30, "Seconds that running requests have to finish at shutdown.", at_least=1
    )
    metadata_cache_bytes: int = setting(
        256 * 2**20, "Bytes of table metadata that each worker caches in memory.", at_least=0
    )
    max_page_size: int = setting(1000, "Maximum rows on a page of a list.", at_least=1)
    log_format: str = setting("text", "Log lines as 'text' or 'json'.", choices=("text", "json"))
    log_level: str = setting(
        "info", "Lowest level that is logged.", choices=("debug", "info", "warning", "error")
    )
    disabled_plugins: tuple[str, ...] = setting(
        (), "Names of plugins not to load; separated by ','."
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """Read settings from the environment; raise `BadRequest` naming a bad variable."""
        env = os.environ if environ is None else environ
        found = {
            item.name: _parse(item.name, item.default, env[PREFIX + item.name.upper()])
            for item in fields(cls)
            if PREFIX + item.name.upper() in env
        }
        return cls(**(found | given)).with_quick_start()

    def __post_init__(self) -> None:
        """Raise `BadRequest` naming a setting whose value is invalid."""
        for item in fields(self):
            _check(item, getattr(self, item.name))
        for reference in self.secret_references:
            if not reference.startswith(("env:", "file:/")):
                raise BadRequest(
                    f"{PREFIX}SECRET_REFERENCES must list env:NAME or file:/path, not {reference!r}"
                )

    @property
    def is_quick_start(self) -> bool:
        """Whether no store was chosen: a local warehouse and a catalog are then created."""
        return not self.store_url

    def with_quick_start(self) -> "Settings":
        """Fill in the warehouse directory and the catalog of the quick start, if it applies."""
        if not self.is_quick_start:
            return self
        own = str(self.data_path / "warehouse")
        roots = tuple(dict.fromkeys((*self.file_roots, own)))
        catalog = self.default_catalog or QUICK_START_CATALOG
        return replace(self, file_roots=roots, default_catalog=catalog)

    @property
    def is_local(self) -> bool:
        """Whether the records are on this machine only, so that a key can be created with them."""
        return self.effective_store_url.startswith("sqlite:")

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return Path(self.data_dir).absolute()

    @property
    def effective_store_url(self) -> str:
        """The store's URL with the default filled in."""
        return self.store_url or f"sqlite:///{self.data_path / 'pangolin.db'}"


@dataclass(frozen=True, slots=True)
class UnknownVariable:
    """A variable that is named like a setting but is not one, and the most similar setting."""

    name: str
    nearest: str

    @property
    def problem(self) -> str:
        """What is wrong with it."""
        return f"{self.name} is not a setting and has no effect"

    @property
    def remedy(self) -> str:
        """A suggestion of what may have been meant."""
        return f"did you mean {self.nearest}?" if self.nearest else "see `pangolin settings`"

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[UnknownVariable]:
    """Return the environment's variables that begin with `PANGOLIN_` and are not settings.

    A secret that warehouses may refer to (`PANGOLIN_SECRET_REFERENCES`) is known by its name.
    """
    env = os.environ if environ is None else environ
    known = [PREFIX + item.name.upper() for item in fields(Settings)]
    referenced = _parse("secret_references", (), env.get(f"{PREFIX}SECRET_REFERENCES", ""))
    expected = {*known, *(each.removeprefix("env:") for each in referenced)}
    found = sorted(name for name in env if name.startswith(PREFIX) and name not in expected)
    return [UnknownVariable(name, _nearest(name)) for name in found if not name.startswith(TESTS)]


def _nearest(variable: str) -> str:
    """Return the setting's variable that looks most like one; empty if none does."""
    known = [item.name.upper() for item in fields(Settings)]
    found = get_close_matches(variable.removeprefix(PREFIX), known, n=1)
    return PREFIX + found[0] if found else ""


def _check(item: Field[Any], value: Any) -> None:
    """Raise `BadRequest` unless a value is within the bounds that its setting declares."""
    limits, name = item.metadata, f"{PREFIX}{item.name.upper()}"
    # Written so that NaN, which compares with nothing, is refused too.
    if limits["at_least"] is not None and not value >= limits["at_least"]:
        raise BadRequest(f"{name} must be at least {limits['at_least']}")
    if limits["at_most"] is not None and not value <= limits["at_most"]:
        raise BadRequest(f"{name} must be at most {limits['at_most']}, not {value}")
    if limits["choices"] and value not in limits["choices"]:
        raise BadRequest(f"{name} must be one of {limits['choices']}, not {value!r}")


def _parse(name: str, default: Any, text: str) -> Any:
    kind = type(default)
    if kind is bool:
        return _parse_bool(name, text)
    if kind is tuple:
        separator = ":" if name.endswith("roots") else ","
        return tuple(part.strip() for part in text.split(separator) if part.strip())
    try:
        return kind(text)
    except ValueError:
        raise BadRequest(f"{PREFIX}{name.upper()} must be {kind.__name__}, not {text!r}") from None


def _parse_bool(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise BadRequest(f"{PREFIX}{name.upper()} must be true or false, not {text!r}")


def masked_url(url: str) -> str:
    """Return a store's URL without the parts that may be secret: the password and the query."""
    head, at, tail = url.rpartition("@")
    if at:
        scheme, separator, user = head.partition("://")
        head = f"{scheme}{separator}{user.partition(':')[0]}:***"
    place, mark, _ = tail.partition("?")
    return f"{head}{at}{place}{'?***' if mark else ''}"
