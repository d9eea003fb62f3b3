"""The vendors that pangolin-aws registers, one for each strategy."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pangolin_aws.by_role import RoleVendor, WebIdentityVendor
from pangolin_aws.probes import RoleProbes
from pangolin_aws.remote import RemoteSigning
from pangolin_aws.sessions import RoleSessions, WebSessions
from pangolin_aws.static import StaticKey
from pangolin_aws.sts import Sts

if TYPE_CHECKING:
    from pangolin.plugin import CredentialVendor, Settings


def vendors(settings: "Settings") -> Sequence["CredentialVendor"]:
    """Make the vendors; they share the clients of STS, which are made at first use."""
    sts = Sts(settings)
    probes = RoleProbes(sts)
    by_role = RoleVendor(RoleSessions(settings, sts), probes)
    return [
        by_role,
        WebIdentityVendor(WebSessions(settings, sts), probes),
        StaticKey(settings),
        RemoteSigning(settings, by_role),
    ]
