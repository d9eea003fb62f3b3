"""Remote signing: sign a client's own requests to S3, each after everything in it was checked.

Everything is an allow-list. A refused request is refused as a whole: nothing is rewritten, because
a client continues with its own headers.
"""

from datetime import datetime
from hashlib import sha256

from pangolin.plugin import Access, Signed, SignRequest
from pangolin_aws.clients import Key
from pangolin_aws.place import Place
from pangolin_aws.signing.address import target_of
from pangolin_aws.signing.deletions import deleted_keys
from pangolin_aws.signing.headers import CONTENT_SHA256, check_host, payload_of, signed_headers
from pangolin_aws.signing.keys import Allowed
from pangolin_aws.signing.operations import DELETE_OBJECTS, check_right, operation_of
from pangolin_aws.signing.refusal import refused
from pangolin_aws.signing.sigv4 import Unsigned, signature_headers


def sign_request(
    request: SignRequest,
    place: Place,
    access: Access,
    protected: tuple[str, ...],
    key: Key,
    *,
    scoped: bool,
    now: datetime,
) -> Signed:
    """Sign a request; raise `Forbidden`, whose `details` name the rule, for one not allowed.

    `scoped` means that the key opens nothing but the access, so that a DeleteObjects without its
    body may be signed.
    """
    if request.region != place.region:
        raise refused("region", "its region is not the warehouse's")
    target = target_of(request.uri, place)
    check_host(request.headers, target.host)
    operation = operation_of(request.method, target)
    allowed = Allowed.by(access, protected)
    check_right(operation, target, allowed)
    if operation.name == DELETE_OBJECTS:
        _check_deletions(request.body, allowed, scoped=scoped)
    headers = signed_headers(request.headers, place)
    headers[CONTENT_SHA256] = _payload(request)
    unsigned = Unsigned(request.method, target.host, target.path, target.query, headers)
    sent = signature_headers(unsigned, place.region, key, now)
    return Signed(
        request.uri,
        {name: (value,) for name, value in sent.items()},
        # Clients reuse a signature for the same method and address, whatever the headers are.
        cacheable=request.method in ("GET", "HEAD"),
    )


def _check_deletions(body: str | None, allowed: Allowed, *, scoped: bool) -> None:
    if body is not None:
        for deleted in deleted_keys(body):
            allowed.check(deleted, "delete")
    elif not scoped or not allowed.delete:
        raise refused("delete-body", "DeleteObjects needs its body, which says what it deletes")


def _payload(request: SignRequest) -> str:
    if request.body is not None:
        return sha256(request.body.encode("utf-8")).hexdigest()
    return payload_of(request.headers)
