"""Session policies: what a vended credential may do, and nothing else.

Source: the grammar of IAM policies; the limits of AssumeRole in Amazon's STS reference.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pangolin.plugin import Access, BadRequest
from pangolin_aws.place import Place

MAX_CHARACTERS: Final = 2048
NOTHING: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
)
READ: Final = "s3:GetObject"
READ_VERSION: Final = "s3:GetObjectVersion"
WRITE: Final = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
DELETE: Final = "s3:DeleteObject"
# A vended credential must not assume the role again without this policy; some stores allow it.
NO_STS: Final = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}
_ESCAPES: Final = {"*": "${*}", "?": "${?}", "$": "${$}"}

Rights = frozenset[str]
Statement = dict[str, Any]


def session_policy(access: Access, place: Place) -> str:
    """Write the policy for an access, as compact ASCII JSON without spaces.

    Raises `BadRequest` naming the paths if it does not fit into 2048 characters: nothing is
    widened to make it fit.
    """
    rights = _without_covered(_rights_by_key(access, place))
    if not rights:
        return NOTHING
    for slim in (False, True):
        text = _written(_statements(rights, place, slim=slim))
        if len(text) <= MAX_CHARACTERS:
            return text
    raise too_large(access)


def too_large(access: Access) -> BadRequest:
    """Return the error that names the directories that do not fit into one policy."""
    paths = dict.fromkeys((*access.read, *access.write, *access.delete))
    return BadRequest(f"these paths do not fit into one session policy: {', '.join(paths)}")


def escaped(text: str) -> str:
    """Escape every character that has a meaning as a wildcard or a variable."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _rights_by_key(access: Access, place: Place) -> dict[str, Rights]:
    found: dict[str, set[str]] = {}
    for right in ("read", "write", "delete"):
        for location in getattr(access, right):
            found.setdefault(place.key(location), set()).add(right)
    return {key: frozenset(rights) for key, rights in sorted(found.items())}


def _without_covered(rights: Mapping[str, Rights]) -> dict[str, Rights]:
    """Leave out directories below another with the same rights or more."""
    return {
        key: held
        for key, held in rights.items()
        if not any(key.startswith(f"{other}/") and held <= more for other, more in rights.items())
    }


def _statements(rights: Mapping[str, Rights], place: Place, *, slim: bool) -> Iterable[Statement]:
    bucket = f"arn:{place.partition.name}:s3:::{place.bucket}"
    for held in dict.fromkeys(rights.values()):
        files = [f"{bucket}/{escaped(key)}/*" for key, mine in rights.items() if mine == held]
        yield _allow(_actions(held, slim=slim), files)
    listed = [f"{escaped(key)}/*" for key, held in rights.items() if "read" in held]
    if listed:
        condition = {"StringLike": {"s3:prefix": _brief(listed)}}
        yield {**_allow(["s3:ListBucket"], [bucket]), "Condition": condition}
    if not slim:
        yield _allow(["s3:GetBucketLocation"], [bucket])
    yield from _encryption(frozenset().union(*rights.values()), place)
    yield NO_STS


def _actions(held: Rights, *, slim: bool) -> list[str]:
    found = [READ] if "read" in held else []
    if "read" in held and not slim:
        found.append(READ_VERSION)
    found += WRITE if "write" in held else ()
    return [*found, DELETE] if "delete" in held else found


def _encryption(held: Rights, place: Place) -> Iterable[Statement]:
    if place.encryption != "aws:kms" or not place.is_amazon or not held & {"read", "write"}:
        return
    actions = ["kms:Decrypt", "kms:GenerateDataKey"] if "write" in held else ["kms:Decrypt"]
    if place.kms_key.startswith("arn:") and ":key/" in place.kms_key:
        yield _allow(actions, [place.kms_key])
        return
    # The key is not known by ARN: any key, but only through S3.
    through = {"StringLike": {"kms:ViaService": f"s3.*.{place.partition.suffix}"}}
    yield {**_allow(actions, ["*"]), "Condition": through}


def _allow(actions: list[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": _brief(actions), "Resource": _brief(resources)}


def _brief(texts: list[str]) -> list[str] | str:
    return texts[0] if len(texts) == 1 else texts


def _written(statements: Iterable[Statement]) -> str:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True)
    # Spaces are only in keys; some stores do not decode the `+` that a form makes of them.
    return text.replace(" ", "\\u0020")
