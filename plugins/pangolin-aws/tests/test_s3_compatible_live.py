"""A compatible store of one's own; collected with `LIVE_S3C=1`.

Needs LIVE_S3C_BUCKET, LIVE_S3C_ENDPOINT, LIVE_S3C_KEY, LIVE_S3C_SECRET and LIVE_S3C_ROLE_ARN, and
takes LIVE_S3C_STS_ENDPOINT.
"""

from uuid import uuid4

from pangolin_aws.vendors import vendors

from pangolin.plugin import Settings

from .grants import from_variables


def test_the_self_test_runs_on_a_compatible_store() -> None:
    place = from_variables(
        "S3C",
        bucket="BUCKET",
        endpoint="ENDPOINT",
        sts_endpoint="STS_ENDPOINT",
        access_key_id="KEY",
        secret_access_key="SECRET",
        role_arn="ROLE_ARN",
    )
    probe = f"s3://{place.config['s3.bucket']}/wh/run-{uuid4().hex}"
    checks = {check.name: check for check in vendors(Settings())[0].check(place, probe)}
    del checks["external-id"]
    assert {check.result for check in checks.values()} == {"passed"}, checks
