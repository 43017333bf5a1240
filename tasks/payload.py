"""What a payload may hold: marshmallow fields, read with the strictness of the published JSON Schema.

Stock fields convert: ``"5"`` and ``2.7`` pass as integers, ``"yes"`` as a boolean, an object as a list. A contract that
says ``integer`` must not, so the JSON type of each value is compared with its field before the field converts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from middleware.nearest import hint

Messages = dict[Any, Any]
"""Errors as marshmallow nests them: by field name or list index, a list of texts at the leaves."""


MOST_ERRORS = 50
"""The most errors that an answer names. A payload that holds as many isn't looked at any further: marshmallow takes
up to 30 µs for a wrong value, and for unknown names the square of how many there are."""
LONGEST_KEY = 128
"""The most characters of a key that a client made up that an error repeats."""
MOST_HINTS = 5
"""For so many unknown names it is told which one may have been meant: to find that takes some 100 µs."""
COMPOSED = (fields.List, fields.Tuple, fields.Nested, fields.Dict)


class StrictSchema(Schema):
    """A schema that takes JSON numbers, booleans and arrays only where its fields say so, and no unknown names."""

    class Meta:
        unknown = RAISE

    def load(self, data: Any, **options: Any) -> Any:
        """As marshmallow's, after a comparison of JSON types; the errors of both are reported at once, unless there are
        very many.

        Raises:
          ValidationError: with the errors of both.
        """
        wrong = _nested(self._found(data))
        try:
            loaded = super().load(data, **options)
        except ValidationError as error:
            raise ValidationError(_merged(with_hints(error.messages_dict, self), wrong)) from None
        if wrong:
            raise ValidationError(wrong)
        return loaded

    def _found(self, data: Any) -> list[Wrong]:
        found = []
        for wrong in _wrong_in(self, data):
            found.append(wrong)
            if wrong.is_costly or len(found) == MOST_ERRORS:
                raise ValidationError(_nested(found))
        return found


def with_hints(messages: Messages, schema: Schema) -> Messages:
    """The errors of a schema, in which unknown names come with those that may have been meant; and first, since what is
    said to be missing may stand there under such a name."""
    text = schema.error_messages["unknown"]
    known = [name if field.data_key is None else field.data_key for name, field in schema.load_fields.items()]
    unknown = [name for name, told in messages.items() if told == [text] and name not in known][:MOST_HINTS]
    hints: Messages = {name: [text + hint(str(name), known)] for name in unknown}
    return hints | {name: told for name, told in messages.items() if name not in hints}


class Wrong(NamedTuple):
    """What is wrong, and where: keys and indexes from the outside in. ``is_costly``: marshmallow mustn't look at it."""

    where: tuple[Any, ...]
    text: str
    is_costly: bool = False


def flat(messages: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Nested messages as pointers into the payload (RFC 6901) and texts. Very long keys are cut."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from flat(inner, pointer if key == "_schema" else f"{pointer}/{_escaped(str(key))}")
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield pointer, str(text)


def _escaped(key: str) -> str:
    cut = key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"
    return cut.replace("~", "~0").replace("/", "~1")


def _wrong_in(schema: Schema, data: Any) -> Iterator[Wrong]:
    """What a schema would take though the JSON Schema doesn't, and what it would take long to refuse."""
    if not isinstance(data, Mapping):
        return
    by_key = {name if field.data_key is None else field.data_key: field for name, field in schema.load_fields.items()}
    if schema.unknown == RAISE and len(data) >= len(by_key) + MOST_ERRORS:
        for name in data:
            if name not in by_key:
                yield Wrong((name,), schema.error_messages["unknown"])
    for key, field in by_key.items():
        yield from _below(key, _wrong_value(field, data.get(key)))


def _wrong_value(field: fields.Field[Any], value: Any) -> Iterator[Wrong]:
    """What is wrong with the JSON type of a value, and of those in it."""
    match field, value:
        case fields.List(), list():
            yield from _wrong_length(field, value)
            yield from _wrong_items(field.inner, value)
        case fields.Tuple(tuple_fields=inners), list():
            for index, (inner, item) in enumerate(zip(inners, value, strict=False)):
                yield from _below(index, _wrong_value(inner, item))
        case fields.Nested(many=True), list():
            for index, item in enumerate(value):
                yield from _below(index, _wrong_in(field.schema, item))
        case fields.Nested(), _:
            yield from _wrong_in(field.schema, value)
        case fields.Dict(value_field=inner), dict() if inner is not None:
            for key, item in value.items():
                yield from _below(key, _below("value", _wrong_value(inner, item)))
        case _:
            if value is not None and (text := _wrong_type(field, value)):
                yield Wrong((), text)


def _wrong_items(inner: fields.Field[Any], items: list[Any]) -> Iterator[Wrong]:
    if isinstance(inner, COMPOSED):
        for index, item in enumerate(items):
            yield from _below(index, _wrong_value(inner, item))
    else:  # which is many times as fast
        for index, item in enumerate(items):
            if item is not None and (text := _wrong_type(inner, item)):
                yield Wrong((index,), text)


def _wrong_length(field: fields.List[Any], value: list[Any]) -> Iterator[Wrong]:
    """Marshmallow looks at each item before it asks how many there are."""
    for validator in field.validators:
        if isinstance(validator, validate.Length):
            try:
                validator(value)
            except ValidationError as error:
                yield Wrong((), str(error.messages[0]), is_costly=True)


def _wrong_type(field: fields.Field[Any], value: Any) -> str | None:
    match field:
        case fields.Boolean():
            return None if isinstance(value, bool) else "Not a valid boolean."
        case fields.Integer():
            return None if _is_whole(value) else "Not a valid integer."
        case fields.Number() | fields.TimeDelta():
            return None if _is_number(value) or _is_decimal_text(field, value) else "Not a valid number."
        case fields.List() | fields.Tuple():
            return "Not a valid list."
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """JSON Schema counts 3.0 as an integer (draft 2020-12, 4.2.3); 64 bits are what JSON libraries agree on."""
    return _is_number(value) and value == value // 1 and -(2**63) <= value < 2**64


def _is_decimal_text(field: fields.Field[Any], value: Any) -> bool:
    return isinstance(field, fields.Decimal) and field.as_string and isinstance(value, str)


def _below(key: Any, found: Iterator[Wrong]) -> Iterator[Wrong]:
    for wrong in found:
        yield wrong._replace(where=(key, *wrong.where))


def _nested(found: Sequence[Wrong]) -> Messages:
    """As marshmallow nests messages."""
    nested: Messages = {}
    for where, text, _ in found:
        inner = nested
        for key in where[:-1]:
            inner = inner.setdefault(key, {})
        inner.setdefault(where[-1], []).append(text)
    return nested


def _merged(ours: Messages, theirs: Messages) -> Messages:
    """Both trees of messages; where both have leaves ``theirs`` win, so that nothing is said twice."""
    merged = dict(ours)
    for key, value in theirs.items():
        mine = merged.get(key)
        merged[key] = _merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
