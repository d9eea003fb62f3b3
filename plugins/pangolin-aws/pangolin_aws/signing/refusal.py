"""How the signer refuses: 403, with the name of the rule for the metrics."""

from pangolin.plugin import Forbidden


def refused(rule: str, why: str) -> Forbidden:
    """Return the error for a request that breaks a rule."""
    return Forbidden(f"this request is not signed: {why}", details={"rule": rule})
