"""The table of settings, read from the environment once.

Field `x` is set by `PANGOLIN_X`; its help is in the field's metadata and is shown by
`pangolin settings` and in docs/reference/settings.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pangolin.errors import BadRequest

PREFIX = "PANGOLIN_"
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})

QUICK_START_CATALOG = "lakehouse"
LEAST = {
    "port": 0,
    "workers": 0,
    "threads": 1,
    "session_hours": 1,
    "token_minutes": 1,
    "renewal_days": 1,
    "password_length": 8,
    "argon2_time_cost": 1,
    "argon2_memory_kib": 8192,
    "argon2_parallelism": 1,
    "login_tries": 1,
    "rate_limit": 1,
    "audit_retention_days": 0,
    "idempotency_minutes": 1,
    "commit_retries": 0,
    "max_body_bytes": 1024,
    "request_timeout": 0.1,
    "graceful_timeout": 1,
    "metadata_cache_bytes": 0,
    "max_page_size": 1,
    "credential_seconds": 1800,
}
CHOICES = {
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
    "warehouse_checks": ("require", "record", "off"),
}


def setting(default: Any, text: str, *, secret: bool = False) -> Any:
    """Declare a setting: default, help, and whether its value must never be shown."""
    return field(default=default, metadata={"help": text, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can choose."""

    data_dir: str = setting("pangolin-data", "Directory of the default store and warehouse.")
    store_url: str = setting(
        "", "Where records are kept, by URL; empty: SQLite in the data directory."
    )
    file_roots: tuple[str, ...] = setting(
        (), "Directories below which file:// warehouses may lie; separated by ':'."
    )
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8080, "Port to listen on.")
    workers: int = setting(0, "Worker processes; 0: one per core, at least 2.")
    threads: int = setting(8, "Threads per worker process.")
    root_user: str = setting("root", "Name of the root user.")
    root_password: str = setting(
        "", "Password of the root user; empty: made at first start, shown once.", secret=True
    )
    no_auth: bool = setting(False, "Serve without authentication; only on a loopback address.")
    session_hours: int = setting(24, "Hours that a login token lives.")
    token_minutes: int = setting(60, "Minutes that an OAuth2 access token lives.")
    renewal_days: int = setting(
        30, "Days after a sign-in during which its tokens can be rotated or exchanged."
    )
    token_issuer: str = setting("pangolin", "Issuer (`iss`) that tokens of this server name.")
    secret_keys: str = setting(
        "",
        "Keys that seal secrets, as `id:base64 of 32 bytes`, separated by ','; the first seals.",
        secret=True,
    )
    secret_keys_file: str = setting(
        "", "File with such keys; with SQLite one is made in the data directory."
    )
    password_length: int = setting(12, "Fewest characters of a password.")
    argon2_time_cost: int = setting(3, "Passes of argon2id over its memory.")
    argon2_memory_kib: int = setting(65536, "Memory of argon2id in KiB.")
    argon2_parallelism: int = setting(4, "Lanes of argon2id.")
    login_tries: int = setting(
        10, "Wrong passwords of an account after which it is locked, longer each time."
    )
    rate_limit: int = setting(
        300, "Sign-ins and token requests a minute from one address; a fifth of it per account."
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks of proxies whose X-Forwarded-For counts; separated by ','."
    )
    identity_providers: str = setting(
        "", "TOML file that lists external identity providers (see pangolin-oidc)."
    )
    oauth_redirect_uris: tuple[str, ...] = setting(
        (), "URLs to which a login by a provider may return, whole; separated by ','."
    )
    public_url: str = setting(
        "", "URL at which browsers reach the server; empty: on this machine only, as asked for."
    )
    audit_retention_days: int = setting(0, "Days that audit records are kept; 0: for ever.")
    server_identity: bool = setting(
        False,
        "Let warehouses use the server's own identity at a cloud: managed or workload identity, "
        "credentials of the environment.",
    )
    endpoint_networks: tuple[str, ...] = setting(
        (),
        "Networks beside the public one in which endpoints of warehouses may lie, as 10.1.0.0/16, "
        "or the words loopback, private, none; separated by ','. Empty: none, but loopback and "
        "private for a quick start that listens on this machine only.",
    )
    web_identity_endpoints: tuple[str, ...] = setting(
        (),
        "Addresses of STS, besides Amazon's, to which the server's web identity token may be sent; "
        "separated by ','.",
    )
    secret_references: tuple[str, ...] = setting(
        (),
        "Secrets of the server's own that any warehouse may refer to, each as env:NAME or "
        "file:/path; separated by ','.",
    )
    warehouse_checks: str = setting(
        "record",
        "What is tried on a warehouse when it is saved: 'require' refuses what fails, 'record' "
        "keeps the result, 'off' tries nothing.",
    )
    credential_seconds: int = setting(
        3600, "Seconds that vended credentials live, where the cloud allows; at least 1800."
    )
    default_catalog: str = setting("", "Catalog for Iceberg clients that name no warehouse.")
    idempotency_minutes: int = setting(30, "Minutes that an Idempotency-Key is remembered.")
    commit_retries: int = setting(12, "Times a commit is retried after a lost race.")
    max_body_bytes: int = setting(64 * 2**20, "Largest request body in bytes; above: 413.")
    request_timeout: float = setting(
        60.0, "Seconds after which a request stops retrying and storage calls give up."
    )
    graceful_timeout: int = setting(30, "Seconds that running requests get at shutdown.")
    metadata_cache_bytes: int = setting(
        256 * 2**20, "Bytes of table metadata each worker keeps in memory."
    )
    max_page_size: int = setting(1000, "Most rows of one page of a list.")
    log_format: str = setting("text", "Log lines as 'text' or 'json'.")
    log_level: str = setting("info", "Least severe level that is logged.")
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
        """Raise `BadRequest` naming a setting whose value cannot work."""
        for name, least in LEAST.items():
            # Written so that NaN, which compares with nothing, is refused too.
            if not getattr(self, name) >= least:
                raise BadRequest(f"{PREFIX}{name.upper()} must be at least {least}")
        if self.port > 65535:
            raise BadRequest(f"{PREFIX}PORT must be at most 65535, not {self.port}")
        for reference in self.secret_references:
            if not reference.startswith(("env:", "file:/")):
                raise BadRequest(
                    f"{PREFIX}SECRET_REFERENCES must list env:NAME or file:/path, not {reference!r}"
                )
        for name, words in CHOICES.items():
            if getattr(self, name) not in words:
                found = f"not {getattr(self, name)!r}"
                raise BadRequest(f"{PREFIX}{name.upper()} must be one of {words}, {found}")

    @property
    def is_quick_start(self) -> bool:
        """Whether the operator chose no store: then a local warehouse and a catalog are made."""
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
        """Whether the records lie on this machine alone, so that a key may be made beside them."""
        return self.effective_store_url.startswith("sqlite:")

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return Path(self.data_dir).absolute()

    @property
    def effective_store_url(self) -> str:
        """The store's URL with the default filled in."""
        return self.store_url or f"sqlite:///{self.data_path / 'pangolin.db'}"


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
    """Show a store's URL without what may be secret in it: the password, and the query."""
    head, at, tail = url.rpartition("@")
    if at:
        scheme, separator, user = head.partition("://")
        head = f"{scheme}{separator}{user.partition(':')[0]}:***"
    place, mark, _ = tail.partition("?")
    return f"{head}{at}{place}{'?***' if mark else ''}"
