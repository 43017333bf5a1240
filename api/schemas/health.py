"""What the API shows of its health."""

from __future__ import annotations

from marshmallow import fields, validate

from .shown import Answer


class Status(Answer):
    """How a process or the service is."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))


class Readiness(Status):
    """Whether jobs can be accepted, and how safe they are then."""

    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What isn't safe about Redis, what that means, and what to do."},
    )
