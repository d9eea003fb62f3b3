"""What the failure of a storage client means, in Pangolin's errors.

Its own text, which quotes URLs and whole answers, stays inside: an error names the location and the
service's error code only. The classes of the client come from the plugin, since the core knows no
client.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pangolin.errors import Forbidden, PangolinError, Unavailable
from pangolin.interfaces.object_storage import ObjectExists, ObjectMissing

CODE: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,80})</Code>")
STATUS: Final = re.compile(r"status code: ([0-9]{3})")
Errors = tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True)
class StorageFailures:
    """How a storage client tells its failures apart.

    `service` and `container` are the words of messages. `raised` are all errors of the client,
    `exists` and `refused` those for an object that is there and for access denied. `codes` and
    `statuses` are searched in turn in an error's text, the code in the group. `absent_container`
    is the code for a container that does not exist, `refusals` are codes and statuses for access
    denied, and `absent` matches the text of other errors for an object that is not there.
    """

    service: str
    container: str
    absent_container: str
    raised: Errors
    exists: Errors
    refused: Errors
    access: str = "access"
    codes: tuple[re.Pattern[str], ...] = (CODE,)
    status: re.Pattern[str] = STATUS
    refusals: frozenset[str] = frozenset({"401", "403"})
    absent: re.Pattern[str] | None = None

    @contextmanager
    def answering(self, location: str) -> Iterator[None]:
        """Raise the client's errors as Pangolin's."""
        try:
            yield
        except self.raised as error:
            raise self.answer(location, error) from None

    def answer(self, location: str, error: BaseException) -> PangolinError:
        """Return Pangolin's error for one of the client's."""
        text = str(error)
        status = first(self.status, text)
        code = next(filter(None, (first(pattern, text) for pattern in self.codes)), "")
        reason = code or (f"status {status}" if status else cause(text))
        if reason == self.absent_container:
            return Unavailable(f"the {self.container} of {location} does not exist")
        if isinstance(error, FileNotFoundError) or (self.absent and self.absent.search(text)):
            return ObjectMissing(f"there is no object at {location}")
        if isinstance(error, self.exists):
            return ObjectExists(f"there is already an object at {location}")
        if isinstance(error, self.refused) or {status, code} & self.refusals:
            return Forbidden(f"{self.service} denies {self.access} to {location}: {reason}")
        return Unavailable(f"{self.service} did not serve {location}: {reason}")


def first(pattern: re.Pattern[str], text: str) -> str:
    """Return the first group (or all) of what a pattern finds; empty if it finds nothing."""
    found = pattern.search(text)
    return (found[1] if found.re.groups else found[0]) if found else ""


def cause(text: str) -> str:
    """Return why a client that names no status has failed."""
    if "operation timed out" in text or "TimedOut" in text:
        return "time-out"
    return "no connection" if "error sending request" in text else "unexpected answer"
