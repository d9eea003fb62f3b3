"""Objects of a warehouse in a bucket: the same for every cloud, behind a client like obstore's.

A plugin provides the client, which is opened at first use, and translates its errors.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from pangolin.errors import Forbidden, PangolinError, Unavailable
from pangolin.iceberg.locations import Location
from pangolin.interfaces.object_storage import ObjectInfo, ObjectMissing

LIST_CHUNK: Final = 1000
# The client's runtime is one per process and hangs in a child of a process that has used it.
_RUNTIME: Final[dict[str, int]] = {}


class BucketClient(Protocol):
    """The part of an `obstore.store` client that is used; paths are keys, taken literally."""

    def get(self, path: str) -> Any:
        """Start to read an object; its `bytes()` reads it whole."""

    def head(self, path: str) -> Any:
        """Describe an object by `path`, `size` and `last_modified`."""

    def put(self, path: str, file: bytes, *, use_multipart: bool, mode: Any) -> object:
        """Write an object; mode `create` refuses one that exists, `overwrite` does not."""

    def delete(self, paths: str | Sequence[str]) -> None:
        """Delete objects."""

    def list(self, prefix: str, *, chunk_size: int) -> Iterable[Any]:
        """Return what is below a directory, in chunks."""


# Raises the client's errors as Pangolin's, for the location that was asked for.
Answering = Callable[[str], AbstractContextManager[None]]


class Supplier:
    """A client's credential provider whose own failure is raised, not the client's error for it.

    `supply` returns a credential in the client's form, or raises one of Pangolin's errors.
    """

    def __init__(self, supply: Callable[[], Any]) -> None:
        self._supply = supply
        self._failure: PangolinError | None = None

    def __call__(self) -> Any:
        try:
            found = self._supply()
        except PangolinError as error:
            self._failure = error
            raise
        self._failure = None
        return found

    def before(self, answering: Answering) -> Answering:
        """Return an `answering` that prefers the error that `supply` raised to the client's."""

        @contextmanager
        def both(location: str) -> Iterator[None]:
            with answering(location), self._telling():
                yield

        return both

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            if self._failure is not None:
                raise self._failure from None
            raise


class BucketObjects:
    """Objects of one warehouse; see `pangolin.plugin.ObjectStore`.

    Connects at first use. A conditional put whose connection broke may find its own object and
    raise `ObjectExists`; names with a UUID make that harmless.
    """

    def __init__(
        self, root: Location, connect: Callable[[], BucketClient], answering: Answering
    ) -> None:
        self._root = root
        self._connect = connect
        self._answering = answering
        self._lock = threading.Lock()
        self._opened: BucketClient | None = None

    def get(self, location: str) -> bytes:
        key = self._key(location)
        with self._answering(location):
            return bytes(self._client().get(key).bytes())

    def head(self, location: str) -> ObjectInfo | None:
        key = self._key(location)
        try:
            with self._answering(location):
                return self._info(self._client().head(key))
        except ObjectMissing:
            return None

    def put(self, location: str, data: bytes, *, if_absent: bool = False) -> None:
        key = self._key(location)
        mode = "create" if if_absent else "overwrite"
        with self._answering(location):
            self._client().put(key, data, use_multipart=False, mode=mode)

    def delete(self, locations: Sequence[str]) -> None:
        keys = [self._key(location) for location in locations]
        if not keys:
            return
        try:
            with self._answering(f"{self._root} ({len(keys)} to delete)"):
                self._client().delete(keys)
        except ObjectMissing:
            self._delete_singly(keys)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = self._root.within(prefix)
        with self._answering(prefix):
            stream = iter(self._client().list("/".join(found.path), chunk_size=LIST_CHUNK))
        while True:
            with self._answering(prefix):
                chunk = next(stream, None)
            if chunk is None:
                return
            yield from map(self._info, chunk)

    def check(self) -> None:
        next(self.list(str(self._root)), None)

    def _delete_singly(self, keys: Sequence[str]) -> None:
        # Some stores answer 404 for a batch in which one object is missing.
        for key in keys:
            try:
                with self._answering(key):
                    self._client().delete(key)
            except ObjectMissing:
                continue

    def _key(self, location: str) -> str:
        found = self._root.within(location)
        if not found.path:
            raise Forbidden(f"{location} is a bucket, not an object")
        return "/".join(found.path)

    def _info(self, meta: Mapping[str, Any]) -> ObjectInfo:
        base = f"{self._root.scheme}://{self._root.authority}"
        modified = int(meta["last_modified"].timestamp() * 1000)
        return ObjectInfo(f"{base}/{meta['path']}", meta["size"], modified)

    def _client(self) -> BucketClient:
        if _RUNTIME.setdefault("pid", os.getpid()) != os.getpid():
            raise Unavailable("the storage client was used before this process was forked")
        with self._lock:
            if self._opened is None:
                self._opened = self._connect()
            return self._opened
