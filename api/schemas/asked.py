"""What requests are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from middleware.commands.keys import QUEUE_NAME
from tasks.payload import with_hints

from .fields import CursorText, Matches, QueryInteger


class OneOf(Schema):
    """A schema that is one of several, chosen by what the body holds."""

    def variants(self) -> Sequence[Schema]:
        """All of them, in the order of the documentation."""
        raise NotImplementedError


class Query(Schema):
    """The parameters of a request, and no others."""

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012

    def load(self, data: Any, **options: Any) -> Any:
        """As marshmallow's.

        Raises:
          ValidationError: in which unknown names come with those that may have been meant.
        """
        try:
            return super().load(data, **options)
        except ValidationError as error:
            raise ValidationError(with_hints(error.messages_dict, self)) from None


def queue_name(description: str, *, required: bool = False) -> fields.Field[Any]:
    """A queue's name in a request."""
    return fields.String(
        required=required,
        validate=Matches(QUEUE_NAME.pattern, "the name of a queue"),
        metadata={"description": description, "examples": ["default"]},
    )


def page_size(description: str) -> fields.Field[Any]:
    """How much of a list is shown at once."""
    return QueryInteger(load_default=50, validate=validate.Range(min=1, max=500), metadata={"description": description})


def page_cursor() -> fields.Field[Any]:
    """Where a page of a list begins."""
    return CursorText(
        metadata={
            "description": "Where the page begins: from the Link header of the page before.",
            "pattern": f"^{CursorText.pattern}$",
        }
    )


def tag(description: str) -> fields.Field[Any]:
    """A tag in a request. Commas separate the tags of a query, so none may hold one."""
    return fields.String(
        validate=[validate.Length(min=1, max=64), Matches("[^,]*", "a tag: it holds a comma")],
        metadata={"description": description, "examples": ["customer-7"]},
    )
