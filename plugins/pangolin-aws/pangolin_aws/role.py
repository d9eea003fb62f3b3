"""The rules for the ARN of a role."""

import re
from typing import Final

from pangolin.plugin import BadRequest, Check
from pangolin_aws.partitions import PARTITIONS, partition_of

OPTION: Final = "s3.role-arn"
_NAMES = "|".join(row.name for row in PARTITIONS)
_AMAZONS = re.compile(
    rf"arn:(?P<partition>{_NAMES}):iam::(?P<account>[0-9]{{1,32}}):"
    r"role/(?!aws-service-role/|aws-reserved/)(?:(?:[!-.0-~]+/){0,16})(?:[A-Za-z0-9_+=,.@-]{1,64})",
    re.ASCII,
)
# MinIO ignores it; others have their own forms, such as urn:ecs:… and arn:aws:iam:::role/x.
_ANY = re.compile(r"(?:arn|urn):[!-~]{1,2040}", re.ASCII)
DIGITS: Final = 12
REMEDY: Final = "give the ARN of the role as the IAM console shows it"


def check_role(arn: str, region: str, *, compatible: bool) -> None:
    """Raise `BadRequest` for a value that is not a role, or not one of the region's partition.

    A compatible store's roles only have to look like an ARN or a URN of 20 characters or more. How
    many digits the account id has is not checked here: see `flaw_of`.
    """
    if compatible:
        if not _ANY.fullmatch(arn) or len(arn) < 20:
            raise BadRequest(f"{OPTION} must be a role's ARN or URN, 20 to 2048 characters long")
        return
    found = _AMAZONS.fullmatch(arn)
    if found is None:
        raise BadRequest(f"{OPTION} must be a role such as arn:aws:iam::123456789012:role/name")
    needed = partition_of(region).name
    if found["partition"] != needed:
        raise BadRequest(
            f"{OPTION} belongs to the partition {found['partition']}, "
            f"and the region {region} to {needed}"
        )


def flaw_of(arn: str) -> Check | None:
    """Return the failed check of a role whose account id Amazon cannot have issued, or None.

    Such a role can be saved: stand-ins for Amazon's STS in trials ignore the account id.
    """
    found = _AMAZONS.fullmatch(arn)
    if found is None or len(found["account"]) == DIGITS:
        return None
    account = found["account"]
    digits = "1 digit" if len(account) == 1 else f"{len(account)} digits"
    detail = f"{OPTION}: an account id has {DIGITS} digits, and {account} has {digits}"
    return Check("role", "failed", detail, REMEDY)
