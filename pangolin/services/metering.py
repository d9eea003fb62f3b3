"""Counters that Prometheus reads; right under several workers when its directory is set."""

from functools import cache

from prometheus_client import Counter, Histogram

_requests = Counter("pangolin_http_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram(
    "pangolin_http_request_duration_seconds", "Time to answer a request.", ["method", "route"]
)
_commits = Counter("pangolin_table_commits", "Table commits by result.", ["result"])
_retries = Counter("pangolin_table_commit_retries", "Commits tried again after a lost race.")
_authentications = Counter("pangolin_auth", "Credentials checked by result.", ["result"])
_lost = Counter("pangolin_audit_write_failures", "Audit records of failures that were lost.")


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the URL rule, never the path, so that labels stay few."""
    _counted(method, route, status).inc()
    _timed(method, route).observe(seconds)


def commit(result: str) -> None:
    """Count a table commit: `succeeded`, `conflicted`, `failed` or `unknown`."""
    _commits.labels(result).inc()


def commit_retried() -> None:
    """Count one more try of a commit that lost a race."""
    _retries.inc()


def authenticated(result: str) -> None:
    """Count a checked credential: `success` or `failure`."""
    _authenticated(result).inc()


def audit_lost() -> None:
    """Count the record of a failure that could not be written."""
    _lost.inc()


# Looking a child up costs as much as counting; there are as few as there are labels.
@cache
def _counted(method: str, route: str, status: int) -> Counter:
    return _requests.labels(method, route, str(status))


@cache
def _timed(method: str, route: str) -> Histogram:
    return _seconds.labels(method, route)


@cache
def _authenticated(result: str) -> Counter:
    return _authentications.labels(result)
