"""``@task``: what becomes of a declaration, and which are refused when they are imported."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from dramatiq.results import Results
from marshmallow import Schema, ValidationError, fields, validate

from middleware.broker import LifoBroker
from tasks import Cancelled, TaskError
from tasks.registry import Registry

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def registry() -> Registry:
    """A registry over a broker that never connects."""
    return Registry(LifoBroker(url="redis://127.0.0.1:1/0"))


def takes_two(to: str, title: str = "none") -> str:
    """Says what it got.

    The rest isn't shown.
    """
    return f"{to}: {title}"


def test_fields_are_the_payload_and_the_rest_are_the_actors_options(registry: Registry) -> None:
    actor = registry.task(to=fields.Email(required=True), title=fields.Str(), queue_name="mail", max_retries=3)(
        takes_two
    )

    declared = registry["takes_two"]
    assert list(registry) == ["takes_two"]
    assert declared.actor is actor
    assert (declared.queue, declared.summary) == ("mail", "Says what it got.")
    assert set(declared.schema().fields) == {"to", "title"}
    assert actor.options == {"max_retries": 3, "store_results": True, "throws": (Cancelled,)}
    assert registry.broker.get_actor("takes_two") is actor


def test_a_task_can_still_be_called(registry: Registry) -> None:
    actor = registry.task(to=fields.Str(required=True))(takes_two)

    assert actor("a", title="b") == "a: b"


def test_a_task_without_a_payload_needs_no_parentheses(registry: Registry) -> None:
    @registry.task
    def clean_up() -> None:
        """Nothing to give."""

    assert set(registry["clean_up"].schema().fields) == set()
    assert clean_up.queue_name == "default"


def test_a_task_can_have_another_name_than_its_function(registry: Registry) -> None:
    registry.task(to=fields.Str(required=True), actor_name="mail.send")(takes_two)

    assert list(registry) == ["mail.send"]
    assert registry["mail.send"].schema.__name__ == "MailSendPayload"


def test_messages_have_uuid7_ids_in_the_order_they_are_made(registry: Registry) -> None:
    actor = registry.task(to=fields.Str(required=True))(takes_two)

    ids = [actor.message("x").message_id for _ in range(1000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert all(UUID7.fullmatch(id) for id in ids)
    assert abs(int(ids[0].replace("-", "")[:12], 16) - time.time() * 1000) < 5000


def test_messages_of_pipelines_and_with_options_have_them_too(registry: Registry) -> None:
    actor = registry.task(to=fields.Str(required=True), title=fields.Str())(takes_two)

    composed = actor.message("a") | actor.message("b")
    optional = actor.message_with_options(args=("x",), tags=["t"], on_success=actor)

    assert all(UUID7.fullmatch(message.message_id) for message in composed.messages)
    assert UUID7.fullmatch(optional.message_id)
    assert optional.options == {"tags": ["t"], "on_success": "takes_two"}


def test_results_are_kept_without_asking(registry: Registry) -> None:
    assert any(type(middleware) is Results for middleware in registry.broker.middleware)
    assert registry.task(to=fields.Str(required=True))(takes_two).options["store_results"] is True


def test_results_can_be_left_out(registry: Registry) -> None:
    actor = registry.task(to=fields.Str(required=True), store_results=False)(takes_two)

    assert actor.options["store_results"] is False


def any_names(**values: Any) -> None:
    """Takes what comes."""


class Size(Enum):
    """One whose values are no texts."""

    SMALL = 0.5


def positional(to: str, /) -> None:
    """Takes no names."""


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (takes_two, {}, "the argument 'to' has neither a field nor a default"),
        (takes_two, {"to": fields.Str()}, "the field 'to' may be absent"),
        (
            takes_two,
            {"to": fields.Str(required=True), "cc": fields.Str()},
            r"'cc' has no argument to go to.*\(to, title\)",
        ),
        (takes_two, {"to": fields.Str}, "'to' is a field class: give an instance, to=fields.String()"),
        (takes_two, {"to": "a@b.de"}, "'to' is neither a marshmallow field nor an option"),
        (takes_two, {"to": fields.Str(required=True), "max_retires": 3}, "'max_retires' is neither"),
        (takes_two, {"to": fields.Str(required=True), "time_limit": fields.Int()}, "'time_limit' is an option"),
        (takes_two, {"to": fields.Str(required=True), "queue_name": fields.Str()}, "'queue_name' is an option"),
        (takes_two, {"to": fields.Str(required=True), "queue_name": "no name"}, "queue must match .*'no name'"),
        (takes_two, {"to": fields.Str(required=True), "queue_name": "x" * 65}, "queue must match"),
        (takes_two, {"to": fields.Str(required=True), "queue_name": "1st"}, "queue must match"),
        (takes_two, {"to": fields.Str(required=True), "queue_name": 5}, "queue must match"),
        (takes_two, {"to": fields.Str(required=True), "priority": 10}, "has priority 10"),
        (takes_two, {"to": fields.Str(required=True, load_only=True)}, "'to' is load_only or dump_only"),
        (takes_two, {"to": fields.Decimal(required=True)}, "'to' needs as_string=True"),
        (positional, {"to": fields.Str(required=True)}, "'to' is positional-only"),
        (takes_two, {"to": fields.Float(required=True), "subject": "to"}, "subject='to' needs a text .* is a Float"),
        (takes_two, {"to": fields.Boolean(required=True), "group": "to"}, "group='to' needs a text .* is a Boolean"),
        (takes_two, {"to": fields.List(fields.Str(), required=True), "group": "to"}, "that field is a List"),
        (takes_two, {"to": fields.Enum(Size, by_value=True, required=True), "group": "to"}, "that field is a Enum"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_declaration_that_cant_work_is_refused(
    registry: Registry, function: Callable[..., Any], arguments: dict[str, Any], expected: str
) -> None:
    with pytest.raises(TaskError, match=expected) as refusal:
        registry.task(**arguments)(function)

    assert function.__name__ in str(refusal.value)
    assert len(registry) == 0


def test_a_field_that_holds_the_subject_or_the_group_is_bounded_as_those_are(registry: Registry) -> None:
    shared = fields.Str(required=True)
    registry.task(to=shared, subject="to", actor_name="of a subject")(takes_two)
    registry.task(to=shared, group="to", actor_name="of a group")(takes_two)
    registry.task(to=shared)(takes_two)

    def longest(task: str) -> int:
        for length in (1_000, 256, 128):
            if not registry[task].reader.validate({"to": "x" * length}):
                return length
        return 0

    assert [longest(task) for task in ("of a subject", "of a group", "takes_two")] == [256, 128, 1_000]


@pytest.mark.parametrize(
    "field", [fields.UUID(), fields.Int(), fields.Date(), fields.Enum(Size), fields.Email(), fields.IP()]
)
def test_what_is_a_text_or_a_whole_number_can_be_a_subject(registry: Registry, field: fields.Field[Any]) -> None:
    field.required = True
    registry.task(to=field, subject="to")(takes_two)

    assert registry["takes_two"].actor.options["subject"] == "to"


def test_two_tasks_cant_have_one_name(registry: Registry) -> None:
    registry.task(to=fields.Str(required=True))(takes_two)

    with pytest.raises(TaskError, match=r"'takes_two'.*has that name already"):
        registry.task(to=fields.Str(required=True))(takes_two)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (any_names, {"anything": fields.Int()}),
        (takes_two, {"to": fields.Str(load_default="me")}),
        (takes_two, {"to": fields.Str(required=True)}),
        (takes_two, {"to": fields.Decimal(required=True, as_string=True), "priority": 0}),
    ],
)
def test_defaults_and_collected_names_fit(
    registry: Registry, function: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    registry.task(**arguments)(function)

    assert len(registry) == 1


class Colour(Enum):
    """Something that JSON can't hold."""

    RED = 1


def test_arguments_are_what_json_can_carry(registry: Registry) -> None:
    registry.task(
        at=fields.DateTime(),
        id=fields.UUID(),
        amount=fields.Decimal(as_string=True),
        colour=fields.Enum(Colour),
        count=fields.Integer(load_default=3),
    )(any_names)
    task = registry["any_names"]
    sent = {"at": "2030-01-01T00:00:00+00:00", "id": "01890a5d-ac96-774b-bcce-b302099a8057", "colour": "RED"}

    arguments = task.arguments(task.schema().load({**sent, "amount": 1.5}))

    assert arguments == {**sent, "amount": "1.5", "count": 3}


class Part(Schema):
    """Something in a payload."""

    size = fields.Integer(required=True)


class TestStrictness:
    """Stock fields convert; payloads are read as the published schema says."""

    @pytest.fixture
    def schema(self, registry: Registry) -> Schema:
        registry.task(
            count=fields.Integer(validate=validate.Range(max=9)),
            ratio=fields.Float(),
            price=fields.Decimal(as_string=True),
            on=fields.Boolean(),
            sizes=fields.List(fields.Integer()),
            pair=fields.Tuple((fields.Integer(), fields.Boolean())),
            part=fields.Nested(Part),
            parts=fields.List(fields.Nested(Part)),
            many=fields.Nested(Part, many=True),
            table=fields.Dict(values=fields.Integer()),
            free=fields.Raw(),
        )(any_names)
        return registry["any_names"].schema()

    @pytest.mark.parametrize(
        "payload",
        [
            {"count": 3},
            {"count": 3.0},
            {"ratio": 1},
            {"ratio": 1.5},
            {"price": "1.10"},
            {"price": 1.5},
            {"on": False},
            {"sizes": [1, 2.0]},
            {"pair": [1, True]},
            {"part": {"size": 1}},
            {"parts": [{"size": 1}]},
            {"many": [{"size": 1}]},
            {"table": {"a": 1}},
            {"free": {"a": ["1", None, 2.5]}},
        ],
        ids=repr,
    )
    def test_the_declared_type_is_taken(self, schema: Schema, payload: dict[str, Any]) -> None:
        assert set(schema.load(payload)) == set(payload)

    @pytest.mark.parametrize(
        ("payload", "path"),
        [
            ({"count": "3"}, ["count"]),
            ({"count": 2.7}, ["count"]),
            ({"count": True}, ["count"]),
            ({"count": 1e300}, ["count"]),
            ({"count": 10}, ["count"]),
            ({"count": None}, ["count"]),
            ({"ratio": "1.5"}, ["ratio"]),
            ({"ratio": False}, ["ratio"]),
            ({"price": "a lot"}, ["price"]),
            ({"on": 1}, ["on"]),
            ({"on": "yes"}, ["on"]),
            ({"sizes": {}}, ["sizes"]),
            ({"sizes": "12"}, ["sizes"]),
            ({"sizes": [1, "2"]}, ["sizes", 1]),
            ({"pair": [1, 1]}, ["pair", 1]),
            ({"part": {"size": "1"}}, ["part", "size"]),
            ({"parts": [{"size": 1}, {"size": "1"}]}, ["parts", 1, "size"]),
            ({"many": [{"size": 1}, {"size": "1"}]}, ["many", 1, "size"]),
            ({"table": {"a": "1"}}, ["table", "a", "value"]),
            ({"unknown": 1}, ["unknown"]),
        ],
        ids=repr,
    )
    def test_another_type_is_refused_where_it_stands(
        self, schema: Schema, payload: dict[str, Any], path: list[str | int]
    ) -> None:
        with pytest.raises(ValidationError) as refusal:
            schema.load(payload)

        messages: Any = refusal.value.messages
        for step in path:
            assert list(messages) == [step]
            messages = messages[step]
        assert len(messages) == 1

    def test_all_that_is_wrong_is_shown_at_once(self, schema: Schema) -> None:
        with pytest.raises(ValidationError) as refusal:
            schema.load({"count": "3", "part": {"size": "1", "extra": 1}, "unknown": 1, "ratio": 0.5})

        assert set(refusal.value.messages_dict) == {"count", "part", "unknown"}
        assert set(refusal.value.messages_dict["part"]) == {"size", "extra"}
