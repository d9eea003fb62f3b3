"""The one question about a deletion."""

from marshmallow import Schema, fields


class Deleting(Schema):
    """Whether to remove what is in the way."""

    force = fields.Boolean(
        load_default=False,
        metadata={"description": "Remove everything below as well, in one step."},
    )
