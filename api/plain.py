"""Reading plain payloads without marshmallow, where the outcome is sure to be the same.

A schema takes some 20 µs for a payload of one text, and a batch has a thousand of them. Most payloads are flat objects
of texts, whole numbers and booleans, of which nothing is to be converted: for those only the validators are asked. In
any doubt a reader returns None, and the schema decides, and words the errors. A property test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields

from tasks.payload import StrictSchema

PlainReader = Callable[[Any], dict[str, Any] | None]
"""Gives the task's arguments in JSON form, or None when the schema has to look."""

PLAIN_TYPES: dict[type[fields.Field[Any]], type] = {fields.String: str, fields.Integer: int, fields.Boolean: bool}
"""Fields that pass a JSON value of this type on as it is, both when they load and when they dump."""

Check = tuple[str, type, Sequence[Callable[[Any], Any]]]


def plain_reader(schema: Schema) -> PlainReader | None:
    """A reader of payloads that hold every field of the schema and nothing else; None when the schema does more than
    its fields' types and validators say."""
    if type(schema).__bases__ != (StrictSchema,) or any(schema._hooks.values()):
        return None
    if not all(_is_plain(field) for field in schema.fields.values()):
        return None
    checks: list[Check] = [(n, PLAIN_TYPES[type(field)], field.validators) for n, field in schema.fields.items()]
    names = frozenset(schema.fields)

    def read(payload: Any) -> dict[str, Any] | None:
        if type(payload) is not dict or payload.keys() != names:
            return None
        for name, kind, validators in checks:
            value = payload[name]
            if type(value) is not kind:
                return None
            try:
                for validator in validators:
                    validator(value)
            except ValidationError:
                return None
        return payload

    return read


def _is_plain(field: fields.Field[Any]) -> bool:
    return (
        type(field) in PLAIN_TYPES
        and field.data_key is None
        and field.attribute is None
        and not (field.pre_load or field.post_load or getattr(field, "as_string", False))
    )
