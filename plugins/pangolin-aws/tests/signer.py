"""A signing endpoint as clients call it, for one grant: what core's does, without core."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pangolin.plugin import Forbidden, Grant, Signer, SignRequest, Vended
from tests.servers.front import Answer, Request


@dataclass
class SigningSite:
    """Answers with a signature or with 403; counts both, refusals by rule."""

    signer: Signer
    grant: Grant
    session: Vended | None
    protected: tuple[str, ...] = ()
    seen: Counter[str] = field(default_factory=Counter)

    def admit(self, request: Request) -> Request | Answer:
        """Sign."""
        try:
            signed = self.signer.sign(
                self.grant, _asked(json.loads(request.body)), self.protected, self.session
            )
        except Forbidden as error:
            self.seen[str(error.details.get("rule"))] += 1
            return Answer(403, json.dumps({"error": {"message": error.message}}).encode())
        self.seen["signed"] += 1
        headers = {name: list(values) for name, values in signed.headers.items()}
        body = json.dumps({"uri": signed.uri, "headers": headers}).encode()
        return Answer(200, body, {"Content-Type": "application/json"})

    def passed(self, request: Request, answer: Answer) -> Answer:
        """Nothing is passed on."""
        return answer


def _asked(said: dict[str, Any]) -> SignRequest:
    headers = {name.lower(): tuple(values) for name, values in said["headers"].items()}
    return SignRequest(said["region"], said["uri"], said["method"], headers, said.get("body"))
