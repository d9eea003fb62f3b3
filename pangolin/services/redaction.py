"""Taking secrets out of text that is about to be logged or kept."""

import re
from typing import Final

HIDDEN: Final = "***"
# Names whose value is a secret, however they are written: as a parameter, in JSON, in XML.
_NAMED = (
    r"x-amz-(?:security-token|signature)|signature|sig|(?:adls\.)?sas[_-]?token(?:\.[a-z0-9.-]+)?|"
    r"(?:[a-z0-9_.-]*[._-])?(?:secret|token|password|passwd|assertion)|"
    r"[a-z0-9_.-]*(?:secret|access|account|api|private)[_-]?key|(?:secretaccess|account)key|"
    r"sessiontoken|clientsecret|external[_-]?id|x-api-key"
)
_PATTERN: Final = re.compile(
    r"(?P<pem>-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z))"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<tag><(?:" + _NAMED + r")>)[^<]+"
    r"""|(?P<name>(?<![a-z0-9])(?:"""
    + _NAMED
    + r""")["']?\s*[=:]\s*b?)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&"',;<>(){}\[\]]+)""",
    re.IGNORECASE | re.DOTALL,
)
# Cheap to look for: nearly no line has any of them.
_HINT: Final = re.compile(
    r"-----BEGIN|bearer|basic|secret|token|passw|assertion|key|sig|external", re.IGNORECASE
)


def redacted(text: str) -> str:
    """Replace the values of what looks like a secret: tokens, keys, passwords, signatures, PEM."""
    return _PATTERN.sub(_hidden, text) if _HINT.search(text) else text


def _hidden(found: re.Match[str]) -> str:
    if found["pem"]:
        return HIDDEN
    return f"{found['scheme'] or found['tag'] or found['name']}{HIDDEN}"
