"""Object storage in a directory of this host, for one machine or a shared file system."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pangolin.plugin import (
    BadRequest,
    Forbidden,
    Location,
    ObjectBackend,
    ObjectExists,
    ObjectInfo,
    ObjectMissing,
    Option,
    PangolinError,
    Unavailable,
    Warehouse,
    hookimpl,
    parse_location,
)

if TYPE_CHECKING:
    from pangolin.plugin import Settings

TEMPORARY: Final = ".pangolin-tmp-"
PUT_ATTEMPTS: Final = 20
OPTIONS: Final = (
    Option(
        "file.root",
        "Absolute directory, below one that PANGOLIN_FILE_ROOTS lists.",
        aliases=("root", "path", "location"),
        required=True,
    ),
)
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR})
_REFUSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}
)


class LocalFiles:
    """Objects as files below one directory, behind the interface `ObjectStore`."""

    def __init__(self, root: Location) -> None:
        self._root = root
        self._real = _directory(root).resolve()

    def get(self, location: str) -> bytes:
        path = self._path(location)
        self._check_inside(path, location)
        with _answering(location, _MISSING):
            return path.read_bytes()

    def head(self, location: str) -> ObjectInfo | None:
        path = self._path(location)
        with suppress(ObjectMissing), _answering(location, _MISSING):
            return self._info(path)
        return None

    def put(self, location: str, data: bytes, *, if_absent: bool = False) -> None:
        path = self._path(location)
        with _answering(location):
            if if_absent and os.path.lexists(path):
                raise ObjectExists(f"there is already an object at {location}")
            temporary = self._write_beside(path, data)
            try:
                _publish(temporary, path, if_absent=if_absent)
            except FileExistsError:
                raise ObjectExists(f"there is already an object at {location}") from None
            finally:
                temporary.unlink(missing_ok=True)
            _sync(path.parent)

    def delete(self, locations: Sequence[str]) -> None:
        paths = {location: self._path(location) for location in locations}
        for location, path in paths.items():
            with suppress(ObjectMissing), _answering(location, _MISSING - {errno.EISDIR}):
                if path.is_symlink() or not path.is_dir():
                    path.unlink()
                    self._prune(path.parent)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        top = self._path(prefix)
        self._check_inside(top, prefix)
        return self._walk(top)

    def check(self) -> None:
        directory = _directory(self._root)
        while not directory.exists():
            directory = directory.parent
        if not directory.is_dir():
            raise Unavailable(f"{directory} is not a directory")
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            raise Forbidden(f"the server may not read and write {directory}")

    def _path(self, location: str) -> Path:
        path = _directory(self._root.within(location))
        if path.name.startswith(TEMPORARY):
            raise Forbidden(f"names that begin with {TEMPORARY} are reserved: {location}")
        parent = path.parent if path != _directory(self._root) else path
        self._check_inside(parent, location)
        return path

    def _check_inside(self, path: Path, location: str) -> None:
        if not self._is_inside(path):
            raise Forbidden(f"{location} leads out of {self._root}")

    def _is_inside(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self._real)
        except (OSError, RuntimeError):
            return False

    def _info(self, path: Path) -> ObjectInfo | None:
        if not path.is_file() or not self._is_inside(path):
            return None
        status = path.stat()
        return ObjectInfo(f"file://{path}", status.st_size, status.st_mtime_ns // 1_000_000)

    def _walk(self, top: Path) -> Iterator[ObjectInfo]:
        for directory, _, names in os.walk(top, onerror=_refuse_unreadable):
            for name in names:
                if not name.startswith(TEMPORARY):
                    yield from self._listed(Path(directory, name))

    def _listed(self, path: Path) -> Iterator[ObjectInfo]:
        info = None
        with suppress(ObjectMissing), _answering(str(path), _MISSING):
            info = self._info(path)
        if info is not None:
            yield info

    def _write_beside(self, path: Path, data: bytes) -> Path:
        # A delete may prune a directory between its creation and its first file.
        for attempt in range(PUT_ATTEMPTS):
            temporary = path.with_name(TEMPORARY + secrets.token_hex(12))
            try:
                _make_directories(path.parent)
                _write_durably(temporary, data)
            except FileNotFoundError:
                if attempt == PUT_ATTEMPTS - 1:
                    raise
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            else:
                break
        return temporary

    def _prune(self, directory: Path) -> None:
        root = _directory(self._root)
        with suppress(OSError):
            while directory != root:
                directory.rmdir()
                directory = directory.parent


def root_of(config: Mapping[str, str], settings: "Settings") -> str:
    """Return the warehouse's location; raise `BadRequest` if no allowed directory holds it."""
    text = config.get("file.root", "")
    if not text:
        raise BadRequest("file.root is required: an absolute directory")
    root = parse_location("file://" + text if text.startswith("/") else text, "file.root")
    if root.scheme != "file":
        raise BadRequest(f"file.root must be a directory such as /data/warehouse, not {text!r}")
    allowed = [Path(top).resolve() for top in settings.file_roots]
    if not any(_directory(root).resolve().is_relative_to(top) for top in allowed):
        listed = ", ".join(settings.file_roots) or "no directory"
        raise BadRequest(
            f"file.root {text!r} must be below a directory that PANGOLIN_FILE_ROOTS lists, "
            f"which is now: {listed}"
        )
    return str(root)


def open_store(warehouse: Warehouse, settings: "Settings") -> LocalFiles:
    """Open a warehouse's directory; it is created with the first write."""
    return LocalFiles(parse_location(root_of(warehouse.config, settings)))


@hookimpl
def pangolin_object_stores() -> Sequence[ObjectBackend]:
    """Register the `file` type."""
    return [
        ObjectBackend(
            type="file",
            schemes=("file",),
            options=OPTIONS,
            root=root_of,
            open=open_store,
            help="A directory of this host",
        )
    ]


def _directory(location: Location) -> Path:
    return Path("/", *location.path)


def _make_directories(directory: Path) -> None:
    missing = []
    while not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync(path.parent)


def _write_durably(path: Path, data: bytes) -> None:
    # Not tempfile: its files are private, and engines may read as another user.
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(temporary: Path, path: Path, *, if_absent: bool) -> None:
    if if_absent:
        path.hardlink_to(temporary)
    else:
        temporary.replace(path)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_unreadable(error: OSError) -> None:
    if error.errno not in _MISSING:
        raise _answer(str(error.filename), error, _MISSING)


@contextmanager
def _answering(location: str, missing: frozenset[int] = frozenset()) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _answer(location, error, missing) from None


def _answer(location: str, error: OSError, missing: frozenset[int]) -> PangolinError:
    reason = f"{location}: {os.strerror(error.errno or errno.EIO)}"
    if error.errno in missing:
        return ObjectMissing(f"there is no object at {location}")
    if error.errno == errno.ENAMETOOLONG:
        return BadRequest(reason)
    return Forbidden(reason) if error.errno in _REFUSED else Unavailable(reason)
