"""Sessions for grants: by AssumeRole, or by AssumeRoleWithWebIdentity."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pangolin.plugin import BadRequest, Grant, Unavailable, Vended, Warehouse
from pangolin_aws.clients import Caller
from pangolin_aws.names import session_name, session_tags
from pangolin_aws.options import is_true
from pangolin_aws.place import Place, place_of
from pangolin_aws.policy import session_policy, too_large
from pangolin_aws.properties import expiry_properties, key_properties, place_properties
from pangolin_aws.refusals import PolicyTooLarge
from pangolin_aws.sts import Asked, Session, Sts
from pangolin_aws.trust import Trust, trust_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

TOKEN_FILE: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 - the name of a variable
MAX_TOKEN: Final = 20000


class RoleSessions:
    """Mint by AssumeRole, with the warehouse's own key or the server's identity."""

    def __init__(self, settings: "Settings", sts: Sts) -> None:
        self.settings = settings
        self.sts = sts

    def trust(self, warehouse: Warehouse) -> Trust:
        """Read and check how the role is assumed; raise `BadRequest` naming the option."""
        return trust_of(warehouse, self.settings)

    def caller(self, warehouse: Warehouse) -> Caller:
        """Return who calls STS."""
        return Caller.at(place_of(warehouse.config), self.trust(warehouse).key)

    def asked(self, grant: Grant, place: Place) -> Asked:
        """Return what STS is asked for."""
        trust = self.trust(grant.warehouse)
        tagged = is_true(grant.warehouse.config, "s3.session-tags")
        return Asked(
            role=trust.role,
            name=session_name(grant),
            policy=session_policy(grant.access, place),
            seconds=grant.ttl_s,
            external_id=trust.external_id,
            tags=session_tags(grant) if tagged else {},
        )

    def mint(self, grant: Grant) -> Vended:
        """Mint a session for a grant."""
        place = place_of(grant.warehouse.config)
        asked = self.asked(grant, place)
        try:
            session = self.sts.assume(self.caller(grant.warehouse), asked)
        except PolicyTooLarge:
            raise too_large(grant.access) from None
        config = place_properties(grant.warehouse.config, place) | key_properties(session.key)
        return Vended(
            config=config | expiry_properties(session.expires_at_ms),
            expires_at_ms=session.expires_at_ms,
            details=_details(asked, session),
        )


class WebSessions(RoleSessions):
    """Mint by AssumeRoleWithWebIdentity, with the token of the server's environment.

    STS knows no external id here, and anyone who names a role that trusts the server's token gets
    it: this works only if the setting `server_identity` lets everybody use the server's identity.
    Anyone who sees the token can act as the server, so it is sent only to Amazon and to
    `web_identity_endpoints`.
    """

    def trust(self, warehouse: Warehouse) -> Trust:
        """Read and check how the role is assumed; raise `BadRequest` naming the option."""
        if not self.settings.server_identity:
            raise BadRequest(
                "vending_strategy AwsWebIdentity uses the server's own identity, and nothing ties "
                "that to this warehouse: the operator must set PANGOLIN_SERVER_IDENTITY; AwsSts "
                "does not need it"
            )
        sts = place_of(warehouse.config).sts
        known = (address.rstrip("/") for address in self.settings.web_identity_endpoints)
        if sts and sts not in known:
            raise BadRequest(
                "the server's token must not be sent to s3.sts-endpoint: the operator can "
                "name it in PANGOLIN_WEB_IDENTITY_ENDPOINTS"
            )
        return Trust(trust_of(warehouse, self.settings).role, "", None)

    def caller(self, warehouse: Warehouse) -> Caller:
        """Return an anonymous caller: the token in the request authenticates it."""
        return Caller.at(place_of(warehouse.config), None, unsigned=True)

    def asked(self, grant: Grant, place: Place) -> Asked:
        """Return what STS is asked for."""
        return Asked(
            role=self.trust(grant.warehouse).role,
            name=session_name(grant),
            policy=session_policy(grant.access, place),
            seconds=grant.ttl_s,
            web_token=web_token(),
        )


def web_token() -> str:
    """Read the server's token, which is renewed in its file; raise `Unavailable` without one."""
    name = os.environ.get(TOKEN_FILE)
    if not name:
        raise Unavailable(f"the server has no web identity: {TOKEN_FILE} is not set")
    try:
        token = Path(name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        raise Unavailable(f"the file that {TOKEN_FILE} names cannot be read") from None
    if not 4 <= len(token) <= MAX_TOKEN:
        raise Unavailable(f"the file that {TOKEN_FILE} names holds no token")
    return token


def _details(asked: Asked, session: Session) -> Mapping[str, str]:
    return {
        "access-key-id": session.key.id,
        "role-arn": asked.role,
        "session-name": asked.name,
        "policy-characters": str(len(asked.policy)),
        "packed-policy-percent": "" if session.packed is None else str(session.packed),
    }
