"""What the API shows of tasks."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from .shown import Answer, shown_text


def _limit(description: str, example: int) -> fields.Field[Any]:
    metadata = {"description": description, "examples": [example]}
    return fields.Integer(required=True, allow_none=True, metadata=metadata)


class Task(Answer):
    """A function that can be run: its payload, and the limits of its attempts. Null means no limit."""

    name = fields.String(required=True, metadata={"examples": ["process_message"]})
    queue = fields.String(required=True, metadata={"description": "Where its jobs wait.", "examples": ["default"]})
    summary = shown_text("What it does, in a line.", nullable=False)
    description = shown_text("What it does, in full.", nullable=False)
    payload_schema = fields.Dict(
        required=True,
        metadata={
            "description": "The JSON Schema (draft 2020-12) of `payload`.",
            "examples": [
                {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "type": "object",
                    "required": ["message"],
                    "properties": {"message": {"type": "string", "minLength": 1, "maxLength": 65536}},
                    "additionalProperties": False,
                }
            ],
        },
    )
    max_attempts = _limit("After this many failed attempts a job is rejected.", 21)
    min_backoff_ms = _limit("The wait before the second attempt; it doubles with each.", 15_000)
    max_backoff_ms = _limit("The wait before another attempt is never longer than this.", 604_800_000)
    time_limit_ms = _limit("An attempt that runs longer is interrupted, and has failed.", 600_000)
    max_age_ms = _limit("A job that was sent longer ago than this no longer runs.", 3_600_000)
