"""The payload of a task as a JSON Schema that stands alone: as in the OpenAPI document, with its parts in ``$defs``."""

from __future__ import annotations

import functools
from typing import Any

from apispec import APISpec

from tasks import Task

from .converter import Plugin

COMPONENTS = "#/components/schemas/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@functools.cache
def payload_schema(task: Task) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a task's payload."""
    name = task.schema.__name__
    spec = APISpec("", "", "3.1.0", plugins=[Plugin()])
    spec.components.schema(name, schema=task.schema)
    parts = {part: _localized(schema) for part, schema in spec.to_dict()["components"]["schemas"].items()}
    schema = parts.pop(name)
    return {"$schema": DIALECT, **schema, **({"$defs": parts} if parts else {})}


def _localized(schema: Any) -> Any:
    """References lead to ``$defs`` instead of the document's components."""
    if isinstance(schema, dict):
        return {
            key: f"#/$defs/{value.removeprefix(COMPONENTS)}" if key == "$ref" else _localized(value)
            for key, value in schema.items()
        }
    return [_localized(item) for item in schema] if isinstance(schema, list) else schema
