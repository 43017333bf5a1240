"""A form made from the JSON Schema of a payload, and the payload made from what the form sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

LONG = 200
"""A text that may have more characters gets a field of several lines."""
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
}
PREFIX = "payload."
"""Begins the names of fields, so that none is taken for one of the form's own."""


@dataclass(frozen=True, slots=True)
class FormField:
    """``kind``: text, lines, number, truth, choice, or json for whatever has parts. ``hint``: what may be put in."""

    name: str
    kind: str
    required: bool
    description: str
    hint: str
    value: str
    choices: tuple[str, ...] = ()
    wrong: str = ""

    @property
    def sent_as(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name


def fields_of(schema: Schema, sent: Mapping[str, str], wrong: Mapping[str, str]) -> list[FormField]:
    """The fields of a payload, with what was sent, or else their examples or defaults."""
    required = schema.get("required", ())
    return [
        _field(name, part, name in required, sent.get(PREFIX + name), wrong.get(name, ""))
        for name, part in schema.get("properties", {}).items()
    ]


def _field(name: str, schema: Schema, required: bool, sent: str | None, wrong: str) -> FormField:
    kind = _kind(schema)
    return FormField(
        name=name,
        kind=kind,
        required=required and kind != "truth",
        description=schema.get("description", ""),
        hint=", ".join(_hints(schema)),
        value=_first_value(schema) if sent is None else sent,
        choices=tuple(map(_text, schema.get("enum", ()))),
        wrong=wrong,
    )


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return "choice"
    match _type(schema):
        case "string":
            return "lines" if schema.get("maxLength", 0) > LONG else "text"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "truth"
    return "json"


def _type(schema: Schema) -> str:
    types = schema.get("type", "")
    return types if isinstance(types, str) else next((one for one in types if one != "null"), "")


def type_words(schema: Schema) -> str:
    """The type of a value, as people say it."""
    found = TYPES.get(_type(schema), "object" if "$ref" in schema or _type(schema) == "object" else "any value")
    return str(schema["format"]) if "format" in schema else found


def bounds_words(schema: Schema) -> str:
    """What a value must keep to, beside its type."""
    return ", ".join(list(_hints(schema))[0 if "enum" in schema else 1 :])


def _hints(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield f"one of {', '.join(map(_text, schema['enum']))}"
    else:
        yield type_words(schema)
    low, high = schema.get("minimum"), schema.get("maximum")
    is_any = low == -(2**63) and high == 2**64 - 1
    if not is_any and (low is not None or high is not None):
        yield f"from {low:,}" if high is None else f"up to {high:,}" if low is None else f"{low:,} to {high:,}"
    if "maxLength" in schema:
        yield f"up to {schema['maxLength']:,} characters"
    if "default" in schema:
        yield f"{_text(schema['default'])} if left out"


def _first_value(schema: Schema) -> str:
    examples = schema.get("examples", ())
    return _text(examples[0]) if examples else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def payload_of(schema: Schema, sent: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The payload that a form means, and what of it can't be read, by field. Empty fields are left out."""
    payload: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, part in schema.get("properties", {}).items():
        text = sent.get(PREFIX + name, "")
        if not text.strip() and not (_kind(part) in {"text", "lines"} and text):
            continue
        try:
            payload[name] = _value(part, text)
        except ValueError as error:
            wrong[name] = str(error)
    return payload, wrong


def _value(schema: Schema, text: str) -> Any:
    match _kind(schema):
        case "text":
            return text
        case "lines":
            return text.replace("\r\n", "\n")
        case "number":
            return _number(text.strip())
        case "truth":
            return {"true": True, "false": False}.get(text, text)
        case "choice":
            return next((one for one in schema["enum"] if _text(one) == text), text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"Expected JSON: {error}.") from None


def _number(text: str) -> int | float | str:
    """A text that is none is left to the schema, which says so."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
