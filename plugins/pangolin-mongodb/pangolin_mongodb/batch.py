"""One batch inside one transaction: read what it depends on, judge, write."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pymongo import DeleteOne, InsertOne, ReplaceOne
from pymongo.client_session import ClientSession

from pangolin.plugin import Conflict, Put, Require, RequireEmpty, Version
from pangolin_mongodb import markers
from pangolin_mongodb.connection import Connection
from pangolin_mongodb.documents import Stored, at
from pangolin_mongodb.reads import State, read_state
from pangolin_mongodb.steps import Step
from pangolin_mongodb.transactions import Collision, run, run_once
from pangolin_mongodb.writes import Taken, Write, write_all

PATIENCE = 1.0


class Batch:
    """The steps of one `apply`, run in transactions until one commits."""

    def __init__(self, steps: Sequence[Step], connection: Connection) -> None:
        self._steps = steps
        self._connection = connection
        self._writes = [step for step in steps if step.is_write]
        self._written = frozenset(step.id for step in self._writes)
        self._kinds = Counter(step.kind.name for step in self._writes)
        self._heeded = frozenset(_heeded(steps))
        self._patient_until = time.monotonic() + PATIENCE
        self._announced: set[str] = set()
        self._claims: set[str] = set()
        self._touched: list[Step] = []

    def apply(self) -> None:
        """Apply all steps or none; raise `Conflict` for one that does not hold."""
        try:
            run(self._connection, self.run, self._collided)
        finally:
            if self._announced:
                markers.withdraw(self._connection, self._announced)

    def run(self, session: ClientSession) -> None:
        """Judge and write in the open transaction."""
        self._claims, self._touched = set(), []
        state = read_state(self._connection.database, self._steps, self._heeded, session)
        for step in self._steps:
            if why := _unmet(step, state):
                raise Conflict(step.change, why)
        self._give_way(state.wanted)
        try:
            write_all(self._connection, session, [*self._holds(state), *self._changes(state)])
        except Taken as taken:
            why = "it exists" if taken.is_key else "a unique value is taken"
            raise Conflict(self._steps[taken.place].change, why) from taken

    def share(self, session: ClientSession) -> None:
        """Share the touched records, because another batch wanted one at the same time."""
        for step in self._touched:
            markers.share(self._connection, session, step.kind, step.key)

    def _collided(self) -> None:
        if self._touched:
            # The first batch to share it does so for all.
            with suppress(Collision):
                run_once(self._connection, self.share, time.monotonic() + self._connection.seconds)
        if self._claims:
            self._announced |= self._claims
            markers.announce(self._connection, self._claims)

    def _give_way(self, wanted: set[str]) -> None:
        if not wanted or self._announced:
            return
        if time.monotonic() < self._patient_until:
            raise Collision
        markers.withdraw(self._connection, wanted)

    def _holds(self, state: State) -> Iterator[Write]:
        required = [step for step in self._steps if isinstance(step.change, Require)]
        held = [s for s in required if s.id in state.found and s.id not in self._written]
        self._touched = [step for step in held if not _shared(step, state)]
        for step in self._touched:
            yield markers.touch_record(step.kind, step.key)
        slot = self._connection.slot()
        wanted = set(self._gates(state, slot))
        for step in held:
            wanted.update(_one(markers.markers_of(step.id, _shared(step, state)), slot))
        for step in self._writes:
            if shared := _shared(step, state):
                wanted.update(markers.markers_of(step.id, shared))
                self._claims.add(markers.wanted_record(step.id))
        yield from markers.touch(wanted)

    def _gates(self, state: State, slot: int) -> Iterator[str]:
        for step in self._steps:
            gates = markers.gates_of(step.kind, step.first)
            if step.is_absence:
                self._claims.update(markers.wanted_gates(step.kind, step.first))
                yield from gates
            elif isinstance(step.change, Put) and _appears(step, state):
                yield from _one(gates, slot)

    def _changes(self, state: State) -> Iterator[Write]:
        cleared = [step for step in self._writes if self._is_cleared(step, state)]
        for step in cleared:
            yield Write(step.kind.name, DeleteOne, {"filter": at(step.kind, step.key)}, step.place)
        gone = {step.id for step in cleared}
        for step in self._writes:
            if isinstance(step.change, Put):
                yield _put(step, state, step.id in state.found and step.id not in gone)
            elif step.id in state.found:
                yield from markers.remove(markers.markers_of(step.id, _shared(step, state)))

    def _is_cleared(self, step: Step, state: State) -> bool:
        if step.id not in state.found:
            return False
        # A batch may move a unique value from one record to another: replaced records are deleted
        # before anything is written. A lone write of a kind replaces in place.
        unique = any(index.unique for index in step.kind.indexes.values())
        swaps = unique and self._kinds[step.kind.name] > 1
        return swaps or not isinstance(step.change, Put)


def _heeded(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if step.is_absence:
            continue
        if isinstance(step.change, Require):
            yield markers.wanted_record(step.id)
        elif isinstance(step.change, Put) and not isinstance(step.change.expect, Version):
            yield from markers.wanted_gates(step.kind, step.first)


def _unmet(step: Step, state: State) -> str:
    change = step.change
    if isinstance(change, RequireEmpty):
        return "it is not empty" if step.place in state.occupied else ""
    found = state.found.get(step.id)
    return change.unmet(found["version"] if found else None)


def _shared(step: Step, state: State) -> int:
    return int(state.found.get(step.id, {}).get("shared", 0))


def _appears(step: Step, state: State) -> bool:
    found = state.found.get(step.id)
    return found is None or any(found.get(k) != v for k, v in step.indexed().items())


def _one(names: list[str], slot: int) -> list[str]:
    return [names[slot % len(names)]] if names else []


def _put(step: Step, state: State, replaces: bool) -> Write:
    shared = _shared(step, state)
    document: Stored = {**step.stored, "shared": shared} if shared else step.stored
    if not replaces:
        return Write(step.kind.name, InsertOne, {"document": document}, step.place)
    filter_ = at(step.kind, step.key)
    arguments = {"filter": filter_, "replacement": document}
    return Write(step.kind.name, ReplaceOne, arguments, step.place)
