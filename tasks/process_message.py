"""The default task: what ``POST /v1/jobs`` with ``{"message": …}`` runs."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from tasks import task

MAX_CHARACTERS = 65_536
NOT_BLANK = r"[\s\S]*[^\t\n\v\f\r\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
"""A character that isn't white space as ECMA-262 says: Python's ``\\S`` differs, and the contract is read in both."""


@task(
    message=fields.String(
        required=True,
        validate=[
            validate.Length(min=1, max=MAX_CHARACTERS),
            validate.Regexp(NOT_BLANK, error="Must not be blank."),
        ],
        metadata={"description": "The text to process.", "examples": ["Hello, world"]},
    )
)
def process_message(message: str) -> dict[str, Any]:
    """Count the characters and the words of a message."""
    return {"message": message, "characters": len(message), "words": len(message.split())}
