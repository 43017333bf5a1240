"""What the API shows where a request can't be carried out."""

from __future__ import annotations

from marshmallow import fields

from .shown import Answer


class ProblemPart(Answer):
    """What is wrong with one part of the request. One of pointer, parameter and header says which."""

    pointer = fields.String(metadata={"description": "A JSON pointer into the body (RFC 6901)."})
    parameter = fields.String(metadata={"description": "The name of a query parameter."})
    header = fields.String(metadata={"description": "The name of a header."})
    detail = fields.String(required=True)


class Problem(Answer):
    """A problem document (RFC 9457)."""

    type = fields.String(required=True, metadata={"format": "uri-reference", "examples": ["/problems/validation"]})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemPart), required=True)
    request_id = fields.String(required=True)
