"""The short ways through parsing and checking lead to the same as the long ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, post_load, validate

from api import new_jobs
from api.new_jobs import NewJobBody
from api.plain import plain_reader
from api.wire import parsing
from api.wire.problems import ProblemError
from tasks.payload import StrictSchema

from . import app  # noqa: F401 (declares tasks with payloads of each type)

texts = st.text(max_size=8) | st.sampled_from(["x", " ", "\u3000", "a@example.org", "x" * 65_537])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
)
names = st.sampled_from(["message", "task", "payload", "delay_s", "run_at", "tags", "to", "title", "count", "urgent"])
objects = st.dictionaries(names, values, max_size=4)
bodies = st.one_of(
    objects,
    st.fixed_dictionaries({"message": texts}),
    st.fixed_dictionaries(
        {"task": st.sampled_from(["process_message", "post_mail", "measure", "weigh", "nobody"]), "payload": objects},
        optional={"delay_s": st.just(1), "extra": values},
    ),
    st.fixed_dictionaries(
        {
            "task": st.just("weigh"),
            "payload": st.fixed_dictionaries({"name": texts | values, "grams": values, "net": st.booleans() | values}),
        }
    ),
)


def _outcome(read: Any, body: Any) -> Any:
    try:
        return read(body)
    except ValidationError as error:
        return error.messages


@given(bodies)
def test_a_body_is_read_the_same_whether_its_schema_is_asked_or_not(body: dict[str, Any]) -> None:
    plainly = new_jobs._plain_job(body)
    by_schema = _outcome(lambda data: NewJobBody()._form(data).load(data), body)

    assert plainly in (None, by_schema)


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Hello"},
        {"task": "process_message", "payload": {"message": "Hello"}},
        {"task": "weigh", "payload": {"name": "flour", "grams": 500, "net": True}},
    ],
    ids=repr,
)
def test_the_common_bodies_need_no_schema(body: dict[str, Any]) -> None:
    assert new_jobs._plain_job(body) is not None


class Hooked(StrictSchema):
    name = fields.String()

    @post_load
    def louder(self, data: Any, **_: Any) -> Any:
        return {"name": data["name"].upper()}


class Lenient(Schema):
    name = fields.String()


@pytest.mark.parametrize(
    "schema",
    [
        Hooked(),
        Lenient(),
        *(
            type("OfOneField", (StrictSchema,), {"x": field})()
            for field in (
                fields.Email(),
                fields.Float(),
                fields.String(data_key="y"),
                fields.String(attribute="y"),
                fields.Integer(as_string=True),
                fields.String(post_load=str.upper),
                fields.Nested(Lenient),
                fields.List(fields.String()),
            )
        ),
    ],
    ids=lambda schema: repr(getattr(schema, "fields", schema)),
)
def test_a_schema_that_converts_anything_is_always_asked(schema: Schema) -> None:
    assert plain_reader(schema) is None


def test_validators_are_asked_all_the_same() -> None:
    schema = type("Sized", (StrictSchema,), {"x": fields.String(validate=validate.Length(max=3))})()
    read = plain_reader(schema)

    assert read is not None
    assert read({"x": "abc"}) == {"x": "abc"}
    assert read({"x": "abcd"}) is None


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False))
hostile = st.text('{}[]":,\\ae01.- ', max_size=24)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _of_64_bits(digits: str) -> int:
    if not -(2**63) <= int(digits) < 2**64:
        raise ValueError("more than 64 bits")
    return int(digits)


strict = json.JSONDecoder(object_pairs_hook=_each_once, parse_int=_of_64_bits)


@given(documents | hostile | st.tuples(documents, documents).map(lambda two: f'{{"a": {two[0]}, "a": {two[1]}}}'))
def test_a_document_is_read_the_same_whether_it_looks_plain_or_not(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        read = parsing.load_json(body)
    except ProblemError:
        return

    assert json.dumps(read) == json.dumps(strict.decode(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a:": 1, "a:": 2}',
        '{"\\"": 1, "\\u0022": 2}',
        '[{"a": ":"}, {"b": 1, "b": 2}]',
        "[9223372036854775808123]",
    ],
)
def test_repeated_names_and_long_integers_never_look_plain(text: str) -> None:
    with pytest.raises(ProblemError):
        parsing.load_json(text.encode())
