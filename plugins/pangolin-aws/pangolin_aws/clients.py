"""Clients of STS: one for each endpoint, region and key, made at first use in each process."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from pangolin_aws.place import Place
from pangolin_aws.transport import GuardedTransport

if TYPE_CHECKING:
    from pangolin.plugin import Settings

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 5
ATTEMPTS: Final = 3
MAX_CLIENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, its secret and optionally a session token."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls which STS: a key, or None for the environment's credentials, or nobody."""

    endpoint: str
    region: str
    key: Key | None
    unsigned: bool = False

    @classmethod
    def at(cls, place: Place, key: Key | None, *, unsigned: bool = False) -> "Caller":
        """Return a caller of the STS of a warehouse's place."""
        return cls(place.sts, place.region, key, unsigned)


class StsClients:
    """Makes STS clients and keeps those that were used last."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[int, Caller], Any] = OrderedDict()

    def client(self, caller: Caller) -> Any:
        """Return the client of a caller; clients may be used by many threads at once."""
        # A forked child makes its own: sockets are not shared.
        wanted = (os.getpid(), caller)
        with self._lock:
            if wanted not in self._made:
                self._made[wanted] = self._make(caller)
            self._made.move_to_end(wanted)
            while len(self._made) > MAX_CLIENTS:
                self._made.popitem(last=False)
            return self._made[wanted]

    def _make(self, caller: Caller) -> Any:
        session = boto3.session.Session(**_credentials(caller.key))
        if not caller.unsigned and session.get_credentials() is None:
            # A client made now would never look for credentials again.
            raise NoCredentialsError
        client = session.client(
            "sts",
            region_name=caller.region,
            endpoint_url=caller.endpoint or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                signature_version=UNSIGNED if caller.unsigned else None,
            ),
        )
        if caller.endpoint:
            guarded: Callable[..., Any] = GuardedTransport(
                "s3.sts-endpoint", self._settings, READ_SECONDS
            )
            client.meta.events.register("before-send.sts", guarded)
        return client


def _credentials(key: Key | None) -> dict[str, str | None]:
    if key is None:
        return {}
    return {
        "aws_access_key_id": key.id,
        "aws_secret_access_key": key.secret,
        "aws_session_token": key.token or None,
    }
