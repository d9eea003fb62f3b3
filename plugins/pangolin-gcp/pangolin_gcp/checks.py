"""Prove a warehouse: the bucket's kind of access, and that a token opens its directory only."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from pangolin.plugin import Check, PangolinError
from pangolin_gcp.failures import asking, refused
from pangolin_gcp.options import STORAGE
from pangolin_gcp.sources import Token
from pangolin_gcp.transport import Transport

TTL_S: Final = 3600
TIMEOUT_S: Final = 15.0
ROLES: Final = (
    "grant roles/storage.objectUser on the bucket to the service account, and "
    "roles/iam.serviceAccountTokenCreator if it is impersonated; grants take effect after minutes"
)
UNIFORM: Final = "uniform-access"
REMEDY: Final = "gcloud storage buckets update gs://<bucket> --uniform-bucket-level-access"


def check_uniform(
    options: Mapping[str, str], token: Callable[[], Token], transport: Transport
) -> Check:
    """Check the bucket for uniform bucket-level access, without which a boundary has no effect."""
    try:
        enabled = _is_uniform(options, token(), transport)
    except PangolinError as error:
        return Check(
            UNIFORM, "unknown", error.message, "grant storage.buckets.get to the service account"
        )
    if enabled:
        return Check(UNIFORM, "passed")
    return Check(UNIFORM, "failed", "the bucket has access lists of single objects", REMEDY)


def _is_uniform(options: Mapping[str, str], token: Token, transport: Transport) -> bool:
    what = "the properties of the bucket"
    storage = options.get("gcs.endpoint", "").rstrip("/") or STORAGE
    with asking(what):
        answer = transport()(
            url=f"{storage}/storage/v1/b/{options['gcs.bucket']}?fields=iamConfiguration",
            method="GET",
            headers={"Authorization": f"Bearer {token.value}"},
        )
    if answer.status != 200:
        raise refused(what, answer.status, answer.data)
    found = json.loads(answer.data).get("iamConfiguration", {})
    return bool(found.get("uniformBucketLevelAccess", {}).get("enabled"))
