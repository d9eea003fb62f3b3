"""What an event sink implements; sinks receive events after the change is committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `action` is verb_noun (`create_table`), times in epoch ms."""

    action: str
    tenant: str
    principal: str
    resource: str
    at_ms: int
    details: Mapping[str, Any] = field(default_factory=dict)


class EventSink(Protocol):
    """Receive events after commit; a failing sink is logged and never fails the request."""

    def accept(self, event: Event) -> None:
        """Receive one event."""
