"""What to paste at Amazon before a warehouse works: trust policy and permissions of its role."""

import base64
import binascii
import json
import re
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from pangolin.plugin import PangolinError, Prepared
from pangolin_aws.clients import Caller, Key
from pangolin_aws.place import Place
from pangolin_aws.policy import DELETE, READ, READ_VERSION, WRITE, escaped
from pangolin_aws.sts import Sts

SERVER: Final = "ARN-OF-THE-SERVER'S-IDENTITY"
ACCOUNT: Final = "ACCOUNT-ID"
_ASSUMED = re.compile(r"arn:([\w-]+):sts::([0-9]+):assumed-role/([^/]+)/.+", re.ASCII)
_ACCOUNT_OF = re.compile(r"arn:[\w-]+:iam::([0-9]{12}):.+", re.ASCII)

Document = dict[str, Any]


def prepared(place: Place, principal: Document, condition: Document, external_id: str) -> Prepared:
    """Write the two policies of a role."""
    action = "sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole"
    trust: Document = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        trust["Condition"] = {"StringEquals": condition}
    documents = {
        "trust-policy": _document(trust),
        "permissions-policy": _document(*_permissions(place)),
    }
    return Prepared(external_id, documents)


def server_arn(sts: Sts, place: Place, key: Key | None) -> str:
    """Return who assumes the role; a placeholder if STS does not say.

    For a session it is the session's role, whose path STS does not report.
    """
    try:
        arn = sts.caller_arn(Caller.at(place, key))
    except (BotoCoreError, ClientError, ResponseParserError, PangolinError):
        return SERVER
    found = _ASSUMED.fullmatch(arn)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn or SERVER


def federated(role: str, token: str, place: Place) -> tuple[Document, Document]:
    """Return principal and condition for the server's web identity, read from its token."""
    claims = _claims(token)
    issuer = str(claims.get("iss", "ISSUER")).removeprefix("https://")
    found = _ACCOUNT_OF.fullmatch(role)
    account = found[1] if found else ACCOUNT
    audience = claims.get("aud", "sts.amazonaws.com")
    first = audience[0] if isinstance(audience, list) and audience else audience
    provider = f"arn:{place.partition.name}:iam::{account}:oidc-provider/{issuer}"
    condition = {f"{issuer}:aud": str(first), f"{issuer}:sub": str(claims.get("sub", "SUBJECT"))}
    return {"Federated": provider}, condition


def _claims(token: str) -> Document:
    # STS verifies it; here it only determines what the policy names.
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _permissions(place: Place) -> list[Document]:
    bucket = f"arn:{place.partition.name}:s3:::{place.bucket}"
    below = "/".join((*map(escaped, place.root.path), "*"))
    listing: Document = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
    if place.root.path:
        listing["Condition"] = {"StringLike": {"s3:prefix": below}}
    found: list[Document] = [
        {
            "Effect": "Allow",
            "Action": [READ, READ_VERSION, *WRITE, DELETE],
            "Resource": f"{bucket}/{below}",
        },
        listing,
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": bucket},
    ]
    if place.encryption == "aws:kms" and place.is_amazon:
        key = place.kms_key if place.kms_key.startswith("arn:") else "ARN-OF-THE-KMS-KEY"
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        found.append({"Effect": "Allow", "Action": actions, "Resource": key})
    return found


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
