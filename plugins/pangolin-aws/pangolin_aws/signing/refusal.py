"""How the signer says no: 403, with the name of the rule for the metrics."""

from pangolin.plugin import Forbidden


def refused(rule: str, why: str) -> Forbidden:
    """Make the error of a request that breaks a rule."""
    return Forbidden(f"this request is not signed: {why}", details={"rule": rule})
