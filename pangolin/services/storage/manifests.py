"""The files that a table owns below its metadata: manifests, data files and delete files.

Source: Iceberg table spec, sections Manifest Lists and Manifests, format versions 1 to 3.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any, Final, Literal

from fastavro import reader

from pangolin.errors import BadRequest, Forbidden, NotFound

Read = Callable[[str], bytes]
OnMissing = Callable[[str, str], None]
Found = tuple[Literal["manifest", "file"], str]

# What fastavro raises for a file that is truncated, is not Avro, or has another schema.
_UNREADABLE: Final = (ValueError, TypeError, LookupError, EOFError, OSError, zlib.error)


def data_files(
    read: Read,
    manifest_lists: Iterable[str],
    inline_manifests: Iterable[str] = (),
    *,
    on_missing: OnMissing = lambda path, reason: None,
) -> Iterator[Found]:
    """Walk manifest lists and manifests; yield each manifest and file path once.

    Entries of every status are included, deleted ones too: an older snapshot may have been expired
    without its files. `inline_manifests` are the paths that v1 metadata may hold in a snapshot in
    place of a list. A missing or unreadable file is reported to `on_missing(path, reason)` and
    the walk continues; such a manifest is still yielded, but not its files. Other errors of
    `read`, such as `errors.Unavailable`, end the walk.
    """
    seen: set[str] = set()
    for manifest in _once(_manifests(read, manifest_lists, inline_manifests, on_missing), seen):
        yield "manifest", manifest
        for path in _once(_files(read, manifest, on_missing), seen):
            yield "file", path


def _manifests(
    read: Read, lists: Iterable[str], inline: Iterable[str], on_missing: OnMissing
) -> Iterator[str]:
    for path in dict.fromkeys(lists):
        yield from _paths(read, path, _manifest_path, on_missing)
    yield from inline


def _files(read: Read, manifest: str, on_missing: OnMissing) -> Iterator[str]:
    # A deletion vector's file_path is its Puffin file, so many entries may share one.
    return _paths(read, manifest, _file_path, on_missing)


def _manifest_path(record: Any) -> str:
    return str(record["manifest_path"])


def _file_path(record: Any) -> str:
    return str(record["data_file"]["file_path"])


def _paths(
    read: Read, path: str, pick: Callable[[Any], str], on_missing: OnMissing
) -> Iterator[str]:
    try:
        content = read(path)
    except (NotFound, Forbidden, BadRequest) as error:
        on_missing(path, error.message)
        return
    try:
        for record in reader(BytesIO(content)):
            yield pick(record)
    except _UNREADABLE as error:
        on_missing(path, f"not readable as Avro: {error}")


def _once(paths: Iterable[str], seen: set[str]) -> Iterator[str]:
    for path in paths:
        if path not in seen:
            seen.add(path)
            yield path
