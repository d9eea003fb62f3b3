"""Prove that a store enforces what was signed: otherwise a client could add to signed requests.

Needed if requests are signed with a key that opens the whole bucket. With a session that opens only
one table, an added header or another body is harmless.
"""

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pangolin.plugin import Access, Check, PangolinError, SignRequest, Warehouse, call_endpoint
from pangolin_aws.clients import Key
from pangolin_aws.place import Place, place_of
from pangolin_aws.signing import sign_request
from pangolin_aws.signing.address import hosts
from pangolin_aws.store import open_store

if TYPE_CHECKING:
    from pangolin.plugin import Settings

LAX: Final = "give the warehouse a role (s3.role-arn), so that sessions sign, or use another store"
REACH: Final = "give the warehouse's key access to the bucket below its prefix"
SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the probes need: a table's directory and its sibling, and how to sign and send."""

    warehouse: Warehouse
    place: Place
    key: Key
    settings: "Settings"
    table: str
    sibling: str

    def sent(self, method: str, path: str, body: str, signed: str | None, **added: str) -> int:
        """Sign a request for the table, add something unsigned, and return the answer's status."""
        scheme, host, in_path = next(hosts(self.place))
        uri = f"{scheme}://{host}/{self.place.bucket if in_path else ''}{path}"
        request = SignRequest(self.place.region, uri, method, {}, signed)
        access = Access((self.table,), (self.table,), (self.table,))
        now = datetime.now(UTC)
        answer = sign_request(request, self.place, access, (), self.key, scoped=False, now=now)
        headers = {name: values[0] for name, values in answer.headers.items()}
        more = {name.replace("_", "-"): value for name, value in added.items()}
        return call_endpoint(
            method,
            answer.uri,
            option="s3.endpoint",
            settings=self.settings,
            headers=headers | more,
            body=body.encode(),
            timeout=SECONDS,
        ).status


def check_strictness(
    warehouse: Warehouse, key: Key, settings: "Settings", probe: str
) -> Iterator[Check]:
    """Try signed requests unchanged, and with what a client might add to them."""
    owner = open_store(warehouse, settings)
    place = place_of(warehouse.config)
    bench = _Bench(warehouse, place, key, settings, f"{probe}/table", f"{probe}/table2")
    secret = f"{bench.sibling}/secret"
    try:
        owner.put(secret, b"probe")
    except PangolinError as error:
        yield Check("server", "failed", error.message, REACH)
        return
    try:
        yield from _tried(bench, secret)
        if owner.head(secret) is None:
            yield Check(
                "body", "failed", "the store accepted a body other than the signed one", LAX
            )
        else:
            yield Check("body", "passed")
    finally:
        owner.delete([info.location for info in owner.list(probe)])


def _tried(bench: _Bench, secret: str) -> Iterator[Check]:
    file = f"/{quote(bench.place.key(bench.table))}/file"
    source = quote(f"/{bench.place.bucket}/{bench.place.key(secret)}")
    yield _works("inside", bench, file)
    yield _refused("added-copy-source", bench, file, x_amz_copy_source=source)
    yield _refused("added-acl", bench, file, x_amz_acl="public-read")
    inside, outside = (
        _deletion(f"{bench.place.key(bench.table)}/file"),
        _deletion(bench.place.key(secret)),
    )
    _status(bench, "POST", "/?delete", outside, inside, {})


def _works(name: str, bench: _Bench, path: str) -> Check:
    status = _status(bench, "PUT", path, "probe", None, {})
    if status == 200:
        return Check(name, "passed")
    return Check(name, "failed", f"a signed request got status {status}", REACH)


def _refused(name: str, bench: _Bench, path: str, **added: str) -> Check:
    status = _status(bench, "PUT", path, "probe", None, added)
    if status in (400, 403):
        return Check(name, "passed")
    if status == 200:
        return Check(name, "failed", "the store obeyed a header that was not signed", LAX)
    return Check(name, "unknown", f"status {status}", "try again")


def _status(
    bench: _Bench, method: str, path: str, body: str, signed: str | None, added: Mapping[str, str]
) -> int:
    try:
        return bench.sent(method, path, body, signed, **added)
    except (OSError, http.client.HTTPException, PangolinError):
        return 0


def _deletion(key: str) -> str:
    return f"<Delete><Object><Key>{key}</Key></Object></Delete>"
