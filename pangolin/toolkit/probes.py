"""Prove by live calls that vended credentials open what they should and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pangolin.errors import Forbidden, NotFound, PangolinError
from pangolin.interfaces.checks import Check
from pangolin.interfaces.credential_vending import Access
from pangolin.interfaces.object_storage import ObjectStore

# Returns a store on the whole warehouse that uses only a credential vended for the access.
OpenFor = Callable[[Access], ObjectStore]
TOO_WIDE: Final = "do not vend from this warehouse: its credentials open more than their table"


@dataclass(frozen=True, slots=True)
class Probe:
    """Where to try: a table's directory, and a sibling whose name begins with the table's."""

    table: str
    sibling: str

    @classmethod
    def below(cls, directory: str) -> "Probe":
        """Lay out an unused directory."""
        return cls(f"{directory}/table", f"{directory}/table2")


def prove_narrowness(
    owner: ObjectStore, open_for: OpenFor, directory: str, remedy: str
) -> Iterator[Check]:
    """Try what a vended credential must and must not do; `owner` prepares and cleans up.

    `remedy` says what to grant if a call fails that should succeed.
    """
    probe = Probe.below(directory)
    ready = _works("server", remedy, lambda: owner.put(f"{probe.sibling}/file", b"probe"))
    yield ready
    if ready.result != "passed":
        return
    try:
        yield from _try_writer(open_for, probe, remedy)
        yield from _try_reader(open_for, probe, remedy)
    finally:
        _clean(owner, directory)


def _try_writer(open_for: OpenFor, probe: Probe, remedy: str) -> Iterator[Check]:
    here, there = (probe.table,), probe.sibling
    found: list[ObjectStore] = []
    yield _works("mint", remedy, lambda: found.append(open_for(Access(here, here))))
    if not found:
        return
    vended = found[0]
    yield _works("inside", remedy, lambda: _use(vended, f"{probe.table}/file"))
    yield _refused("sibling-read", lambda: vended.get(f"{there}/file"))
    yield _refused("sibling-write", lambda: vended.put(f"{there}/other", b"probe"))
    yield _refused("sibling-list", lambda: list(vended.list(there)))
    yield _refused("parent-list", lambda: list(vended.list(there.rpartition("/")[0])))
    yield _refused("delete", lambda: vended.delete([f"{probe.table}/file"]))


def _try_reader(open_for: OpenFor, probe: Probe, remedy: str) -> Iterator[Check]:
    found: list[ObjectStore] = []
    access = Access(read=(probe.table,))
    yield _works("read-only-mint", remedy, lambda: found.append(open_for(access)))
    if found:
        put = found[0].put
        yield _refused("read-only-write", lambda: put(f"{probe.table}/other", b"probe"))


def _use(store: ObjectStore, location: str) -> None:
    store.put(location, b"probe")
    store.get(location)
    list(store.list(location.rpartition("/")[0]))


def _works(name: str, remedy: str, attempt: Callable[[], object]) -> Check:
    try:
        attempt()
    except PangolinError as error:
        return Check(name, "failed", error.message, remedy)
    return Check(name, "passed")


def _refused(name: str, attempt: Callable[[], object]) -> Check:
    """Pass only if the cloud denies it: timeouts, absence and lost connections prove nothing."""
    try:
        attempt()
    except Forbidden:
        return Check(name, "passed")
    except NotFound as error:
        return Check(name, "unknown", error.message, "try again")
    except PangolinError as error:
        return Check(name, "unknown", error.message, "try again when the store can be reached")
    return Check(name, "failed", "the store allowed it", TOO_WIDE)


def _clean(owner: ObjectStore, directory: str) -> None:
    try:
        owner.delete([info.location for info in owner.list(directory)])
    except PangolinError:
        # A few bytes are left in a directory that nothing else uses.
        return
