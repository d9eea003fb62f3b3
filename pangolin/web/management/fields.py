"""Fields that the schemas of the management API share: text that JSON can carry, true booleans."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields


class Text(fields.String):
    """Text that can be stored and sent: no lone surrogates."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(0xD800 <= ord(char) < 0xE000 for char in text):
            raise ValidationError("Must be Unicode text without lone surrogates.")
        return str(text)


class Flag(fields.Boolean):
    """A JSON boolean, and nothing that only resembles one."""

    truthy = {True}
    falsy = {False}


class TextMap(fields.Dict):
    """A map of text to text; with `nullable` a value may be null."""

    def __init__(self, *, nullable: bool = False, **more: Any) -> None:
        super().__init__(keys=Text(), values=Text(allow_none=nullable), **more)


class Deleting(Schema):
    """Whether to remove what is in the way."""

    force = fields.Boolean(
        load_default=False,
        metadata={"description": "Remove everything below as well, in one step."},
    )
