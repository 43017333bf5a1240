"""What the API shows of tasks."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from .shown import Answer, shown_text


def _limit(description: str, example: int) -> fields.Field[Any]:
    return fields.Integer(required=True, allow_none=True, metadata=_told(description, example))


def _seconds(description: str, example: float) -> fields.Field[Any]:
    return fields.Float(required=True, allow_none=True, metadata=_told(description, example))


def _argument(description: str) -> fields.Field[Any]:
    return fields.String(required=True, allow_none=True, metadata=_told(description, "customer"))


def _told(description: str, example: object) -> dict[str, Any]:
    return {"description": description, "examples": [example]}


class Task(Answer):
    """A function that can be run: its payload, the limits of its attempts, and what it declares for all of its jobs,
    unless they say otherwise. Null means no limit, or that nothing is declared."""

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
    expires_in_s = _seconds("Seconds from its acceptance until a job is worthless: its deadline.", 10)
    subject = _argument("The argument that says what a job is about.")
    supersede_running = fields.Boolean(
        required=True, metadata=_told("Whether a job asks those of its subject that run to stop.", False)
    )
    max_defer_s = _seconds(
        "For how many seconds newer jobs of a subject may take the turn of those that wait, until one keeps it.", 30
    )
    group = _argument("The argument that says whose a job is.")
