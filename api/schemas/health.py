"""What the API shows of its health."""

from __future__ import annotations

from marshmallow import fields, validate

from .shown import Answer


class Status(Answer):
    """How a process or the service is."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))
