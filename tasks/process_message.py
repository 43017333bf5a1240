"""The default task: what ``POST /v1/jobs`` with ``{"message": …}`` runs."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from tasks import task

MAX_CHARACTERS = 65_536


@task(
    message=fields.String(
        required=True,
        validate=[
            validate.Length(min=1, max=MAX_CHARACTERS),
            validate.Regexp(r"[\s\S]*\S", error="Must not be blank."),
        ],
        metadata={"description": "The text to process.", "examples": ["Hello, world"]},
    )
)
def process_message(message: str) -> dict[str, Any]:
    """Count the characters and the words of a message."""
    return {"message": message, "characters": len(message), "words": len(message.split())}
