"""Changes, checked and encoded before a transaction opens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import randbits

from pangolin.plugin import ABSENT, Change, Delete, Key, Kind, Put, Require, RequireEmpty, Scalar
from pangolin_mongodb.documents import Stored, identity, to_stored
from pangolin_mongodb.documents import field as stored_field
from pangolin_mongodb.queries import under


@dataclass(slots=True)
class Step:
    """A change and its place in the batch.

    `key` is the prefix for `RequireEmpty`, which has no `id`; `stored` is what a `Put` writes.
    """

    place: int
    change: Change
    key: Key
    id: bytes = b""
    stored: Stored = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of the record."""
        return self.change.kind

    @property
    def first(self) -> Scalar | None:
        """The first value of the key or prefix, if it has one."""
        return self.key[0] if self.key else None

    @property
    def is_write(self) -> bool:
        """Whether the change writes its record."""
        return isinstance(self.change, Put | Delete)

    @property
    def is_absence(self) -> bool:
        """Whether the change requires that nothing is there and writes nothing."""
        if isinstance(self.change, RequireEmpty):
            return True
        return isinstance(self.change, Require | Delete) and self.change.expect is ABSENT

    def indexed(self) -> Stored:
        """List what a `Put` writes to fields that only indexes need; None: no field."""
        extra = map(stored_field, self.kind.columns()[len(self.kind.key) :])
        return {name: self.stored.get(name) for name in extra}


def prepare(changes: Sequence[Change]) -> list[Step]:
    """Check changes and draw new versions.

    Errors raised: `BadRequest` for what cannot be stored, `ValueError` if two writes touch one key.
    """
    steps = [_prepare(place, change) for place, change in enumerate(changes)]
    times = Counter(step.id for step in steps if step.is_write)
    if twice := [step for step in steps if times[step.id] > 1]:
        raise ValueError(f"two writes of one batch touch {twice[0].kind.name} {twice[0].key}")
    return steps


def _prepare(place: int, change: Change) -> Step:
    kind = change.kind
    if isinstance(change, RequireEmpty):
        under(kind, change.prefix, change.index)
        return Step(place, change, change.prefix)
    if isinstance(change, Put):
        # 63 random bits: never reused, and without a counter that must survive deletion.
        stored = to_stored(kind, change.doc, randbits(63))
        return Step(place, change, kind.key_of(change.doc), stored["_id"], stored)
    key = kind.checked_key(change.key)
    return Step(place, change, key, identity(kind, key))
