"""An STS that notes what it is asked, and answers as a test tells it to."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.servers.loopback import Asked, Said, serving

XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


class NotingSts:
    """Answers with a session, unless there is an answer in `next` for the request."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.next: list[Said] = []

    def answer(self, asked: Asked) -> Said:
        """Note a request and answer it."""
        self.asked.append(asked)
        return self.next.pop(0) if self.next else session(asked.form)

    @property
    def forms(self) -> list[dict[str, str]]:
        """The parameters of all requests."""
        return [dict(asked.form) for asked in self.asked]


def session(form: object) -> Said:
    """Answer with a session of the length that was asked for."""
    given = dict(form) if isinstance(form, dict) else {}
    action = given.get("Action", "AssumeRole")
    ends = datetime.now(UTC) + timedelta(seconds=int(given.get("DurationSeconds", "3600")))
    body = f"""<{action}Response {XMLNS}><{action}Result><Credentials>
        <AccessKeyId>ASIAVENDED</AccessKeyId><SecretAccessKey>vended-secret</SecretAccessKey>
        <SessionToken>vended-token</SessionToken>
        <Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
        <PackedPolicySize>42</PackedPolicySize></{action}Result></{action}Response>"""
    return Said(200, body.encode(), {"Content-Type": "text/xml"})


def refusal(status: int, code: str) -> Said:
    """Answer with an error, as Amazon writes it."""
    body = f"<ErrorResponse {XMLNS}><Error><Code>{code}</Code><Message>no, said secret-word"
    body += "</Message></Error></ErrorResponse>"
    return Said(status, body.encode(), {"Content-Type": "text/xml"})


@contextmanager
def noting() -> Iterator[NotingSts]:
    """Serve an STS."""
    sts = NotingSts()
    with serving(sts):
        yield sts
