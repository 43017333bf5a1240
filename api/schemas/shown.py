"""What answers are made of."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields


class Answer(Schema):
    """What the service sends. Clients must ignore keys that they don't know, since new ones may be added."""

    class Meta:
        unknown = EXCLUDE


def shown_text(description: str, *, nullable: bool = True) -> fields.Field[Any]:
    """A text in an answer."""
    return fields.String(required=True, allow_none=nullable, metadata={"description": description})


def shown_time(description: str, *, nullable: bool = True) -> fields.Field[Any]:
    """A time in an answer."""
    metadata = {"description": description, "format": "date-time"}
    return fields.String(required=True, allow_none=nullable, metadata=metadata)


def shown_number(description: str, *, whole: bool = True, nullable: bool = False) -> fields.Field[Any]:
    """A number in an answer."""
    kind = fields.Integer if whole else fields.Float
    return kind(required=True, allow_none=nullable, metadata={"description": description})
