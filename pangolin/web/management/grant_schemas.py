"""The parts of grants in requests and answers: scopes and actions."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from pangolin.services.authz.actions import ACTIONS
from pangolin.services.grants.scopes import MEMBERS
from pangolin.web.management.fields import Text

NAMESPACE = {
    "description": "Its levels, joined by dots or listed; listed if a level holds a dot.",
    "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


class NamespacePath(fields.Raw):
    """A namespace: text of levels joined by dots or by U+001F, or a list of levels."""

    def __init__(self, **more: Any) -> None:
        super().__init__(metadata=NAMESPACE, **more)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        levels = value if isinstance(value, list) else [value]
        if not all(isinstance(level, str) for level in levels):
            raise ValidationError("Must be text or a list of text.")
        return value


class PermissionScope(Schema):
    """What a grant is on; `ref` limits it to one branch or tag."""

    type = Text(required=True, validate=validate.OneOf(list(MEMBERS)))
    catalog_id = Text()
    namespace = NamespacePath()
    asset_id = Text()
    tag_name = Text()
    ref = Text()


class ActionList(fields.List[str]):
    """Actions that may be granted."""

    def __init__(self) -> None:
        super().__init__(Text(validate=validate.OneOf(ACTIONS)), required=True)
