"""Mint sessions with STS: AssumeRole and AssumeRoleWithWebIdentity."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from pangolin_aws.clients import Caller, Key, StsClients
from pangolin_aws.refusals import code_of, understanding

if TYPE_CHECKING:
    from pangolin.plugin import Settings

LEAST_SECONDS: Final = 900
MOST_SECONDS: Final = 43200
# The time for which any role can be assumed, even by an identity that is itself a role.
CHAINED_SECONDS: Final = 3600
MAX_CHAINED: Final = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """What a session is asked for; an empty external id is not sent."""

    role: str
    name: str
    policy: str
    seconds: int
    external_id: str = field(default="", repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    web_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A minted session: its key, its expiry as STS says, and how full its policy was in percent."""

    key: Key
    expires_at_ms: int
    packed: int | None


class Sts:
    """Mint; the clients are made at first use."""

    def __init__(self, settings: "Settings") -> None:
        self._clients = StsClients(settings)
        self._lock = threading.Lock()
        self._chained: set[tuple[str, Key | None]] = set()

    def assume(self, caller: Caller, asked: Asked) -> Session:
        """Assume a role.

        An identity that is itself a role can have it for only an hour: if STS refuses more, an hour
        is requested, from then on at once.
        """
        known = (asked.role, caller.key)
        seconds = max(LEAST_SECONDS, min(asked.seconds, MOST_SECONDS))
        if known in self._chained:
            seconds = min(seconds, CHAINED_SECONDS)
        with understanding(asked.role):
            try:
                return self.attempt(caller, asked, seconds)
            except ClientError as error:
                if code_of(error) != "ValidationError" or seconds <= CHAINED_SECONDS:
                    raise
            session = self.attempt(caller, asked, CHAINED_SECONDS)
            with self._lock:
                if len(self._chained) >= MAX_CHAINED:
                    self._chained.clear()
                self._chained.add(known)
            return session

    def attempt(self, caller: Caller, asked: Asked, seconds: int) -> Session:
        """Ask once; errors are botocore's."""
        client = self._clients.client(caller)
        call = client.assume_role_with_web_identity if asked.web_token else client.assume_role
        try:
            return _session(call(**_parameters(asked, seconds)))
        except KeyError:
            # botocore itself fails like this if the answer is another kind of XML.
            raise ResponseParserError("there is no session in the answer") from None

    def caller_arn(self, caller: Caller) -> str:
        """Return the caller's ARN from STS, "" if it does not say; errors are botocore's."""
        return str(self._clients.client(caller).get_caller_identity().get("Arn", ""))


def _parameters(asked: Asked, seconds: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RoleArn": asked.role,
        "RoleSessionName": asked.name,
        "DurationSeconds": seconds,
    }
    if asked.policy:
        found["Policy"] = asked.policy
    if asked.web_token:
        return found | {"WebIdentityToken": asked.web_token}
    if asked.external_id:
        found["ExternalId"] = asked.external_id
    if asked.tags:
        found["Tags"] = [{"Key": name, "Value": value} for name, value in asked.tags.items()]
    return found


def _session(said: Mapping[str, Any]) -> Session:
    given = said["Credentials"]
    return Session(
        Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]),
        int(given["Expiration"].timestamp() * 1000),
        said.get("PackedPolicySize"),
    )
