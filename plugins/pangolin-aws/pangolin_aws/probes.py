"""Probes of a role's trust: whether it requires the external id, and whom else it trusts."""

import secrets
import time
from dataclasses import replace
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from pangolin.plugin import Check, PangolinError
from pangolin_aws.clients import Caller
from pangolin_aws.policy import NOTHING
from pangolin_aws.refusals import code_of, is_denied
from pangolin_aws.sts import LEAST_SECONDS, Asked, Sts

ALLOWED: Final = "allowed"
DENIED: Final = "denied"
TRIES: Final = 3
NAME: Final = "ice-probe"
_TRUST_IT: Final = "put the prepared trust policy on the role, and wait a few seconds"
_DEMAND_IT: Final = (
    "add the condition StringEquals sts:ExternalId of the prepared trust policy to the role"
)
_ALONE: Final = (
    "name the server's identity, and no other, as principal in the role's trust policy; where the "
    "store allows this whatever the policy says, use S3RemoteSigning instead"
)


class RoleProbes:
    """Call STS for sessions that open nothing; `pause` is between tries, in seconds.

    A change to a role takes a few seconds to propagate, so a first denial is tried again.
    """

    def __init__(self, sts: Sts, pause: float = 2.0) -> None:
        self._sts = sts
        self._pause = pause

    def external_id(self, caller: Caller, role: str, external_id: str) -> Check:
        """Prove by three calls that the role requires the external id."""
        name = "external-id"
        if not external_id:
            return Check(name, "skipped", "the warehouse's own key assumes the role without one")
        asked = Asked(role, NAME, NOTHING, LEAST_SECONDS, external_id)
        right = self._patiently(caller, asked)
        if right != ALLOWED:
            result = "failed" if right == DENIED else "unknown"
            return Check(name, result, f"with the right external id STS said: {right}", _TRUST_IT)
        others = ("", f"pangolin-probe-{secrets.token_hex(8)}")
        said = [self._once(caller, replace(asked, external_id=other)) for other in others]
        if ALLOWED in said:
            return Check(name, "failed", "the role can be assumed without it", _DEMAND_IT)
        if said != [DENIED, DENIED]:
            return Check(name, "unknown", f"STS said: {', '.join(said)}", "try again")
        return Check(name, "passed")

    def second_session(self, caller: Caller, role: str, external_id: str) -> Check:
        """Prove that a vended key, which is the caller's, cannot assume the role again."""
        name = "re-assume"
        for given in dict.fromkeys(("", external_id)):
            said = self._once(caller, Asked(role, NAME, NOTHING, LEAST_SECONDS, given))
            if said == ALLOWED:
                return Check(name, "failed", "a vended key could assume the whole role", _ALONE)
            if said != DENIED:
                return Check(name, "unknown", f"STS said: {said}", "try again")
        return Check(name, "passed")

    def _patiently(self, caller: Caller, asked: Asked) -> str:
        said = self._once(caller, asked)
        for _ in range(TRIES - 1):
            if said != DENIED:
                break
            time.sleep(self._pause)
            said = self._once(caller, asked)
        return said

    def _once(self, caller: Caller, asked: Asked) -> str:
        try:
            self._sts.attempt(caller, asked, asked.seconds)
        except ClientError as error:
            return DENIED if is_denied(error) else code_of(error)
        except (BotoCoreError, ResponseParserError) as error:
            return type(error).__name__
        except PangolinError as error:
            return error.message
        return ALLOWED
