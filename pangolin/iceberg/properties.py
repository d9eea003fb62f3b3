"""Table and view properties: reading numbers and booleans, and the checks of new tables."""

from collections.abc import Mapping

from pangolin.errors import ValidationFailed
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.schemas import Columns

FORMAT_VERSION = "format-version"
RESERVED = frozenset(
    (
        FORMAT_VERSION,
        "uuid",
        "snapshot-count",
        "current-snapshot-id",
        "current-snapshot-summary",
        "current-snapshot-timestamp-ms",
        "current-schema",
        "default-partition-spec",
        "default-sort-order",
    )
)
_METRICS = "write.metadata.metrics.column."
_COMMIT = ("num-retries", "min-wait-ms", "max-wait-ms", "total-timeout-ms")


def integer_property(properties: Mapping[str, str], name: str, default: int) -> int:
    """A 32-bit number; raises ValidationFailed for other text."""
    text = properties.get(name)
    if text is None:
        return default
    try:
        value = int(text) if len(text) <= 11 and text.isascii() else None
    except ValueError:
        value = None
    if value is None or not -(1 << 31) <= value < 1 << 31:
        raise ValidationFailed(f"Table property {name} must have integer value")
    return value


def boolean_property(properties: Mapping[str, str], name: str, default: bool) -> bool:
    """Whether the property says true, in any case; all other text is false."""
    text = properties.get(name)
    return default if text is None else text.strip().lower() == "true"


def updates_of(update: Json, where: str) -> dict[str, str]:
    """What a set-properties update sets; `updated` is the older name of `updates`."""
    name = "updated" if "updates" not in update and "updated" in update else "updates"
    return json_shape.string_map(update, name, where)


def removals_of(update: Json, where: str) -> list[str]:
    """What a remove-properties update removes; `removed` is the older name of `removals`."""
    name = "removed" if "removals" not in update and "removed" in update else "removals"
    return json_shape.strings(update, name, where)


def check_new(properties: Mapping[str, str], columns: Columns, version: int) -> None:
    """The checks only a new table undergoes, so that existing tables stay usable."""
    for name in properties:
        if name.startswith(_METRICS) and columns.named(name.removeprefix(_METRICS)) is None:
            column = name.removeprefix(_METRICS)
            message = f"could not find column {column} from table prop {name} in schema"
            raise ValidationFailed(f"Invalid metrics config, {message}")
    for name in (f"commit.retry.{suffix}" for suffix in _COMMIT):
        if integer_property(properties, name, 0) < 0:
            raise ValidationFailed(f"Table property {name} must have non negative integer value")
    if version < 3 and "encryption.key-id" in properties:
        raise ValidationFailed(f"Invalid properties for v{version}: [encryption.key-id]")
