"""Metrics for Prometheus; correct with several workers if its directory is set."""

from functools import cache

from prometheus_client import Counter, Histogram

_requests = Counter("pangolin_http_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram(
    "pangolin_http_request_duration_seconds", "Time to answer a request.", ["method", "route"]
)
_commits = Counter("pangolin_table_commits", "Table commits by result.", ["result"])
_retries = Counter("pangolin_table_commit_retries", "Commits retried after a lost race.")
_authentications = Counter("pangolin_auth", "Credentials checked by result.", ["result"])
_lost = Counter("pangolin_audit_write_failures", "Audit records of failures that were lost.")
_credentials = Counter("pangolin_credentials", "Credential requests by result.", ["result"])
_minting = Histogram("pangolin_credential_mint_seconds", "Time to mint a credential.", ["strategy"])
_left = Histogram(
    "pangolin_credential_seconds_left",
    "Remaining life of a credential when it is handed out.",
    buckets=(600, 900, 1800, 2700, 3600, 7200, 14400, 43200),
)
_signatures = Counter("pangolin_signed_requests", "Signing requests by result.", ["result"])


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the URL rule, never the path, so that labels stay few."""
    _counted(method, route, status).inc()
    _timed(method, route).observe(seconds)


def commit(result: str) -> None:
    """Count a table commit: `succeeded`, `conflicted`, `failed` or `unknown`."""
    _commits.labels(result).inc()


def commit_retried() -> None:
    """Count a retry of a commit that lost a race."""
    _retries.inc()


def authenticated(result: str) -> None:
    """Count a checked credential: `success` or `failure`."""
    _authenticated(result).inc()


def audit_lost() -> None:
    """Count an audit record of a failure that could not be written."""
    _lost.inc()


def credential(result: str) -> None:
    """Count a credential request.

    `hit`, `minted`, `coalesced` (with another's mint), `refreshed` (additionally, in background),
    `denied`, `failed` or `timed_out`.
    """
    _asked(result).inc()


def minted(strategy: str, seconds: float) -> None:
    """Record the duration of a mint."""
    _minting.labels(strategy).observe(seconds)


def handed_out(seconds_left: float) -> None:
    """Record the remaining life of a credential that is handed out."""
    _left.observe(seconds_left)


def signature(result: str) -> None:
    """Count a signing request: `signed`, or the name of the rule that refused it."""
    _signatures.labels(result).inc()


# Looking up a child costs as much as counting; there are few, because labels are few.
@cache
def _counted(method: str, route: str, status: int) -> Counter:
    return _requests.labels(method, route, str(status))


@cache
def _timed(method: str, route: str) -> Histogram:
    return _seconds.labels(method, route)


@cache
def _asked(result: str) -> Counter:
    return _credentials.labels(result)


@cache
def _authenticated(result: str) -> Counter:
    return _authentications.labels(result)
