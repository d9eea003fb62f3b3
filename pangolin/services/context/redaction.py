"""Removing secrets from text that is about to be logged or stored.

Every part reads a bounded piece of the text, so that the time is linear in its length.
"""

import re
from typing import Final

MASK: Final = "***"
# Cheap to search for: almost no line has any of them.
_HINT: Final = re.compile(
    r"-----BEGIN|bearer|basic|secret|token|pass|assertion|key|sig|external", re.IGNORECASE
)
# Where a secret may follow: PEM, a header's scheme, an element of XML, or a name and a sign.
_START: Final = re.compile(
    r"(?P<pem>-----BEGIN [A-Z0-9 ]{1,40}-----)"
    r"|(?<![A-Za-z0-9])(?P<scheme>bearer|basic)\s{1,8}"
    r"|<(?P<tag>[A-Za-z0-9]{1,64})>"
    r"""|(?<![A-Za-z0-9])(?P<name>[A-Za-z0-9][\w.-]{0,99})[\\"']{0,4}\s{0,8}[=:]\s{0,8}""",
    re.IGNORECASE | re.ASCII,
)
_SECRET: Final = re.compile(
    r"(?:secret|token|password|passwd|passphrase|assertion|signature|external[._-]?id"
    r"|(?:^|[._-])sig|(?:access|account|api|private|secret|signing)[._-]?keys?"
    r"|sas[._-]?token\..{1,99})$",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(
    r"""\\+["'][^"'\\]*"""
    r"""|b?"(?:[^"\\]|\\.)*"?|b?'(?:[^'\\]|\\.)*'?"""
    r"""|[^\s&"',;<>(){}\[\]\\]+""",
    re.DOTALL,
)
_CREDENTIAL: Final = re.compile(r"(?=[A-Za-z]{0,23}[0-9=+/._~-])[\w.~+/=-]{8,}|\w{24,}", re.ASCII)
_ELEMENT: Final = re.compile(r"[^<]+")
_END: Final = "-----END"


def redacted(text: str) -> str:
    """Replace the values of what looks like a secret: tokens, keys, passwords, signatures, PEM."""
    if not _HINT.search(text):
        return text
    kept, at = [], 0
    while found := _START.search(text, at):
        start = found.start() if found["pem"] else found.end()
        end = _end_of(found, text)
        kept.append(text[at:start] + (MASK if end > start else ""))
        at = max(start, end)
    return "".join((*kept, text[at:]))


def _end_of(found: re.Match[str], text: str) -> int:
    """Return the end of the secret that follows; a position before it if there is none."""
    if found["pem"]:
        return _end_of_pem(text, found.end())
    if found["scheme"]:
        secret = _CREDENTIAL.match(text, found.end())
    elif not _SECRET.search(found["tag"] or found["name"]):
        return -1
    else:
        secret = (_ELEMENT if found["tag"] else _VALUE).match(text, found.end())
    return secret.end() if secret else -1


def _end_of_pem(text: str, start: int) -> int:
    end = text.find(_END, start)
    closed = -1 if end < 0 else text.find("-----", end + len(_END))
    return len(text) if closed < 0 else closed + len("-----")


def mask(value: str) -> str:
    """Mask a secret except its last four characters, by which its owner recognises it."""
    return MASK + value[-4:] if len(value) >= 12 else MASK
