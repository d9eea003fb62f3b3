"""The body of DeleteObjects: which keys it deletes, read so that no store reads it differently."""

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pangolin_aws.signing.keys import checked_key
from pangolin_aws.signing.refusal import refused

MAX_KEYS: Final = 1000
NAMESPACE: Final = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_DECLARATION = re.compile(
    r"<\?xml version=(['\"])1\.0\1( encoding=(['\"])[Uu][Tt][Ff]-8\3)?"
    r"( standalone=(['\"])(yes|no)\5)? ?\?>"
)


def deleted_keys(body: str) -> list[str]:
    """List the keys; raise `Forbidden` for a body that has anything but keys in it."""
    # Comments, CDATA, document types and instructions are refused, because readers differ on them.
    plain = _DECLARATION.sub("", body, count=1) if body.startswith("<?xml") else body
    if "<!" in plain or "<?" in plain:
        raise refused("delete-body", "its body has more than elements and text")
    root = _parsed(plain)
    keys = [_key(child) for child in root if _name(child) != "Quiet"]
    if _name(root) != "Delete" or not 0 < len(keys) <= MAX_KEYS:
        raise refused("delete-body", f"its body does not name 1 to {MAX_KEYS} objects to delete")
    return keys


def _parsed(body: str) -> Element:
    try:
        root: Element = fromstring(body.encode("utf-8"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise refused("delete-body", "its body is not XML") from None
    return root


def _key(element: Element) -> str:
    parts = list(element)
    if _name(element) != "Object" or [_name(part) for part in parts] != ["Key"]:
        raise refused("delete-body", "its body names an object by more than its key")
    if len(parts[0]) or not parts[0].text:
        raise refused("delete-body", "its body has a key that is not text")
    return checked_key(parts[0].text)


def _name(element: Element) -> str:
    return element.tag.removeprefix(NAMESPACE)
