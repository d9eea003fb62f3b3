"""A gate before a store's STS that knows what the store does not: external ids, and no chaining."""

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.servers.front import Answer, Request
from tests.servers.sts import XMLNS, session


@dataclass
class StsFront:
    """Admit what Amazon would: the right external id, and an hour at most for who is a role."""

    external_id: str = ""
    most_seconds: int = 43200
    lets_sessions_in: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    def admit(self, request: Request) -> Request | Answer:
        """Let a request pass unchanged, so that its signature still fits."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("Action") != "AssumeRole":
            return request
        self.seen["AssumeRole"] += 1
        is_session = "x-amz-security-token" in request.headers
        if self.external_id and form.get("ExternalId") != self.external_id:
            return _refusal(403, "AccessDenied")
        if is_session and self.lets_sessions_in:
            # As Ceph RGW 16 does, whatever the session's policy says.
            said = session(form)
            return Answer(said.status, said.body, said.headers)
        if is_session:
            return _refusal(403, "AccessDenied")
        if int(form.get("DurationSeconds", "3600")) > self.most_seconds:
            return _refusal(400, "ValidationError")
        return request

    def passed(self, request: Request, answer: Answer) -> Answer:
        """Let the answer pass."""
        return answer


def _refusal(status: int, code: str) -> Answer:
    body = f"<ErrorResponse {XMLNS}><Error><Code>{code}</Code></Error></ErrorResponse>"
    return Answer(status, body.encode(), {"Content-Type": "text/xml"})
