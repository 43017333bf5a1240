"""How fields and schemas are written into the contract: what apispec doesn't know by itself."""

from __future__ import annotations

from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from tasks.payload import StrictSchema

from .schemas.asked import OneOf
from .schemas.fields import MOST_VALUES, CursorText, DateTimeUs, Several


class Converter(OpenAPIConverter):
    """Adds ``oneOf`` over the variants of a schema, and what a schema says of itself in ``json_schema``."""

    field_mapping = {  # noqa: RUF012
        **OpenAPIConverter.field_mapping,
        DateTimeUs: ("string", "date-time"),
        CursorText: ("string", None),
        Several: (None, None),
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.add_attribute_function(_bounds_of_integers)  # type: ignore[no-untyped-call]
        self.add_attribute_function(_one_or_several)  # type: ignore[no-untyped-call]
        self.add_parameter_attribute_function(_example)

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        if isinstance(schema, OneOf):
            return {"oneOf": [self.resolve_nested_schema(variant) for variant in schema.variants()]}  # type: ignore[no-untyped-call]
        document: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        return {**document, **getattr(schema, "json_schema", {})}


def _bounds_of_integers(_: Converter, field: fields.Field[Any], ret: dict[str, Any], **__: Any) -> dict[str, int]:
    """Requests may hold integers of 64 bits (:func:`parsing.load_json`), unless the field itself has closer bounds."""
    if not isinstance(field, fields.Integer) or not isinstance(field.root, StrictSchema):
        return {}
    return {name: bound for name, bound in {"minimum": -(2**63), "maximum": 2**64 - 1}.items() if name not in ret}


def _one_or_several(converter: Converter, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    if not isinstance(field, Several):
        return {}
    one = converter.field2property(field.inner)
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
    return several if field.is_multiple else {"anyOf": [one, several]}


def _example(_: Converter, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    """What must be given stands in the form already; what may be left out doesn't."""
    return {"example": field.metadata["examples"][0]} if field.required else {}


class Plugin(MarshmallowPlugin):
    """apispec's plugin with our converter."""

    Converter = Converter
