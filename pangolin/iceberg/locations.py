"""Locations of tables and files: parsed once, compared by segment, written one way.

Path segments are literal, as in the engines' own readers: `%20` is three characters of a key and
is never decoded. Encodings are examined only to refuse what another reader might decode.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from pangolin.errors import BadRequest, Forbidden

MAX_LENGTH: Final = 2048
MAX_SEGMENT: Final = 96
ALIASES: Final = {
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "abfs": "abfss",
    "wasb": "abfss",
    "wasbs": "abfss",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_CLIMBING = frozenset({"", ".", ".."})
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Location:
    """A place in object storage: canonical scheme, bucket or container, and literal segments."""

    scheme: str
    authority: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        base = f"{self.scheme}://{self.authority}"
        if not self.path:
            return base + "/" if self.scheme == "file" else base
        return f"{base}/{'/'.join(self.path)}"

    def contains(self, other: "Location") -> bool:
        """Return whether the other location is this one or below it, segment by segment."""
        return (
            self.scheme == other.scheme
            and self.authority == other.authority
            and self.path == other.path[: len(self.path)]
        )

    def child(self, *segments: str) -> "Location":
        """Return a location below this one; raise `BadRequest` unless each segment is a plain name.

        Segments are taken literally; `safe_segment` turns any text into one.
        """
        for segment in segments:
            if not segment or "/" in segment:
                raise BadRequest(f"{segment!r} cannot be one segment of a location")
        return parse_location(str(Location(self.scheme, self.authority, (*self.path, *segments))))

    def within(self, text: str) -> "Location":
        """Parse the location of a file at or below this one; raise `Forbidden` for any other.

        Unlike `parse_location` it accepts encoded slashes and control characters, which engines
        write for partition values (`part=a%2Fb`), as long as no decoding leads upwards.
        """
        try:
            found = _parse(text, "location", strict=False)
        except BadRequest as error:
            raise Forbidden(error.message) from None
        if not self.contains(found):
            raise Forbidden(f"{text!r} is outside of {self}")
        return found


@lru_cache(maxsize=2048)
def parse_location(text: str, field: str = "location") -> Location:
    """Parse a URI; raise `BadRequest` naming the field for one that could be read two ways."""
    return _parse(text, field, strict=True)


def parse_new_location(text: str, field: str = "location") -> Location:
    """Parse the location of something to be created, refusing wildcards of access policies."""
    if any(character in "*?$" for character in text):
        raise _refused(field, text, "must not contain '*', '?' or '$'")
    return parse_location(text, field)


def safe_segment(name: str) -> str:
    """Turn any name into one path segment of `[A-Za-z0-9_.-]`, 1 to 96 characters long.

    A name that had to be changed gets eight hex digits of its hash, so that two names differ.
    """
    segment = _UNSAFE.sub("_", name)
    if segment.startswith("."):
        segment = "_" + segment[1:]
    if segment == name and 0 < len(name) <= MAX_SEGMENT:
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{segment[: MAX_SEGMENT - 9]}-{digest}"


def _parse(text: str, field: str, *, strict: bool) -> Location:
    _check_characters(text, field)
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise _refused(field, text, "needs a scheme, as in s3://bucket/path")
    scheme = match[1].lower()
    host, path = _split(scheme, match[2], text, field)
    segments = tuple(path.removesuffix("/").split("/")[1:])
    for segment in segments:
        if "%" in segment or segment in _CLIMBING:
            _check_segment(segment, text, field, strict=strict)
    return Location(ALIASES.get(scheme, scheme), _authority(scheme, host, text, field), segments)


def _check_characters(text: str, field: str) -> None:
    if len(text) > MAX_LENGTH:
        raise BadRequest(f"{field} must be at most {MAX_LENGTH} characters long, not {len(text)}")
    for character in text:
        if character in "\\?#":
            raise _refused(field, text, "must not contain '\\', '?' or '#'")
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            raise _refused(field, text, "must not contain control characters or surrogates")


def _split(scheme: str, rest: str, text: str, field: str) -> tuple[str, str]:
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        return host, slash + path
    if scheme == "file" and rest.startswith("/"):
        return "", rest
    raise _refused(field, text, "needs '//' after the scheme, as in s3://bucket/path")


def _authority(scheme: str, host: str, text: str, field: str) -> str:
    if scheme == "file":
        if host.lower() not in ("", "localhost"):
            raise _refused(field, text, "must be a file on this host, as in file:///path")
        return ""
    container, at, account = host.rpartition("@")
    if at and (ALIASES.get(scheme, scheme) != "abfss" or not _AUTHORITY.fullmatch(container)):
        raise _refused(field, text, "must not contain a user name")
    if not _AUTHORITY.fullmatch(account):
        raise _refused(field, text, "needs a bucket or container after '//'")
    return container + at + _account(scheme, account) if at else host


def _account(scheme: str, account: str) -> str:
    account = account.lower()
    return account.replace(".blob.", ".dfs.", 1) if scheme.startswith("wasb") else account


def _check_segment(segment: str, text: str, field: str, *, strict: bool) -> None:
    if not segment:
        raise _refused(field, text, "must not contain empty segments ('//')")
    decoded = _decoded(segment)
    if not {".", ".."}.isdisjoint(re.split(r"[/\\]", decoded)):
        raise _refused(field, text, "must not contain '.' or '..' segments")
    if strict and decoded != segment and re.search(r"[/\\\x00-\x1f\x7f]", decoded):
        raise _refused(field, text, "must not contain encoded slashes or control characters")


def _decoded(segment: str) -> str:
    while "%" in segment and (decoded := unquote(segment, "latin-1")) != segment:
        segment = decoded
    return segment


def _refused(field: str, text: str, rule: str) -> BadRequest:
    return BadRequest(f"{field} {rule}: {text[:200]!r}")
