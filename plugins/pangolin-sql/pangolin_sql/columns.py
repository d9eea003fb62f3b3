"""Key and index columns: names, and an encoding of text that keeps its order."""

from collections.abc import Iterable

from pangolin.plugin import Key, Kind, Scalar

# PostgreSQL text cannot hold NUL, so NUL and its escape character are escaped. Each
# escape starts with \1, sorts in the order of what it stands for and below all other text.
ESCAPES = str.maketrans({"\0": "\1\1", "\1": "\1\2"})
Encoded = tuple[Scalar | None, ...]
OWN = frozenset({"version", "body"})


def encode(value: Scalar | None) -> Scalar | None:
    """Encode a checked value for a column."""
    if type(value) is str and ("\0" in value or "\1" in value):
        return value.translate(ESCAPES)
    return value


def encode_key(kind: Kind, key: Key) -> Encoded:
    """Check and encode a whole key."""
    return tuple(map(encode, kind.checked_key(key)))


def encode_values(kind: Kind, values: Key, fields: tuple[str, ...]) -> Encoded:
    """Check and encode values of leading fields of an order."""
    return tuple(map(encode, kind.checked_values(values, fields)))


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def column(name: str) -> str:
    """Return a field's column name; one that the store itself uses gets an underscore."""
    return f"{name}_" if name in OWN else name


def listed(fields: Iterable[str]) -> str:
    """List fields' columns, quoted."""
    return ", ".join(quote(column(name)) for name in fields)
