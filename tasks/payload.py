"""What a payload may hold: marshmallow fields, read with the strictness of the published JSON Schema.

Stock fields convert: ``"5"`` and ``2.7`` pass as integers, ``"yes"`` as a boolean, an object as a list. A contract that
says ``integer`` must not, so the JSON type of each value is compared with its field before the field converts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

Messages = dict[Any, Any]
"""Errors as marshmallow nests them: by field name or list index, a list of texts at the leaves."""


class StrictSchema(Schema):
    """A schema that takes JSON numbers, booleans and arrays only where its fields say so, and no unknown names."""

    class Meta:
        unknown = RAISE

    def load(self, data: Any, **options: Any) -> Any:
        """As marshmallow's, after a comparison of JSON types; all errors are reported at once.

        Raises:
          ValidationError: with the errors of both.
        """
        wrong = _type_errors_of_schema(self, data)
        try:
            loaded = super().load(data, **options)
        except ValidationError as error:
            raise ValidationError(_merged(error.messages_dict, wrong)) from None
        if wrong:
            raise ValidationError(wrong)
        return loaded


def _type_errors_of_schema(schema: Schema, data: Any) -> Messages:
    if not isinstance(data, Mapping):
        return {}
    errors: Messages = {}
    for name, field in schema.load_fields.items():
        key = name if field.data_key is None else field.data_key
        if found := _type_errors(field, data.get(key)):
            errors[key] = found
    return errors


def _type_errors(field: fields.Field[Any], value: Any) -> Any:
    """What is wrong with the JSON type of a value: texts, nested messages, or nothing."""
    match field, value:
        case _, None:
            return None
        case fields.Boolean(), _:
            return None if isinstance(value, bool) else ["Not a valid boolean."]
        case fields.Integer(), _:
            return None if _is_whole(value) else ["Not a valid integer."]
        case fields.Number() | fields.TimeDelta(), _:
            return None if _is_number(value) or _is_decimal_text(field, value) else ["Not a valid number."]
        case fields.List(inner=inner), list():
            return _indexed(_type_errors(inner, item) for item in value)
        case fields.Tuple(tuple_fields=inners), list():
            return _indexed(_type_errors(inner, item) for inner, item in zip(inners, value, strict=False))
        case fields.List() | fields.Tuple(), _:
            return ["Not a valid list."]
        case fields.Nested(many=True), list():
            return _indexed(_type_errors_of_schema(field.schema, item) for item in value)
        case fields.Nested(), _:
            return _type_errors_of_schema(field.schema, value)
        case fields.Dict(value_field=inner), dict() if inner is not None:
            return {key: {"value": found} for key, item in value.items() if (found := _type_errors(inner, item))}
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """JSON Schema counts 3.0 as an integer (draft 2020-12, 4.2.3); 64 bits are what JSON libraries agree on."""
    return _is_number(value) and value == value // 1 and -(2**63) <= value < 2**64


def _is_decimal_text(field: fields.Field[Any], value: Any) -> bool:
    return isinstance(field, fields.Decimal) and field.as_string and isinstance(value, str)


def _indexed(errors: Any) -> Messages:
    return {index: found for index, found in enumerate(errors) if found}


def _merged(ours: Messages, theirs: Messages) -> Messages:
    """Both trees of messages; where both have leaves ``theirs`` win, so that nothing is said twice."""
    merged = dict(ours)
    for key, value in theirs.items():
        mine = merged.get(key)
        merged[key] = _merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
