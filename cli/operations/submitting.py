"""Submitting a job. Of the broker it is asked without the API, whose schemas take half a second to be built."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from middleware.clock import to_us
from middleware.nearest import hint

from ..endings import Unusable
from ..sources import Shown, Source

if TYPE_CHECKING:
    from middleware.broker import LifoBroker


def submit(source: Source, body: Mapping[str, Any]) -> Shown:
    """The job that was accepted; ``body`` is that of ``POST /v1/jobs``.

    Raises:
      Unusable: there is no such task, or the payload doesn't fit it.
    """
    return source.post("/v1/jobs", body, lambda broker: _accepted(broker, body))


def _accepted(broker: LifoBroker, body: Mapping[str, Any]) -> Shown:
    from marshmallow import ValidationError  # noqa: PLC0415 (not before the broker is there)

    from middleware.diagnosis.prospects import warnings_of  # noqa: PLC0415
    from middleware.enqueue.deadlines import deadline_options  # noqa: PLC0415
    from middleware.enqueue.due import Due  # noqa: PLC0415
    from middleware.enqueue.generated import generation_options  # noqa: PLC0415
    from middleware.enqueue.groups import group_options  # noqa: PLC0415
    from middleware.enqueue.subjects import subject_options  # noqa: PLC0415
    from middleware.messages import WARNING  # noqa: PLC0415
    from middleware.telemetry.installed import sending  # noqa: PLC0415
    from tasks import DEFAULT_TASK, registry  # noqa: PLC0415

    name = body.get("task", DEFAULT_TASK)
    if name not in registry:
        raise Unusable(f"There is no task {name}.{hint(name, registry)}")
    task = registry[name]
    payload = body["payload"] if "task" in body else {"message": body["message"]}
    try:
        arguments = task.arguments(task.reader.load(payload))
    except ValidationError as error:
        raise click.UsageError("; ".join(_flat(error.messages))) from None
    options: dict[str, Any] = {"tags": list(body["tags"])} if body.get("tags") else {}
    options |= deadline_options(body.get("expires_in_s"), _time_us(body.get("expires_at")))
    options |= subject_options(body.get("subject"), body.get("supersede_running"), body.get("max_defer_s"))
    options |= generation_options(_time_us(body.get("generated_at")))
    options |= group_options(body.get("group"))
    delay_s = body.get("delay_s")
    due = Due(None if delay_s is None else math.ceil(delay_s * 1000), _time_us(body.get("run_at")))
    message = task.actor.message_with_options(kwargs=arguments, **options)
    try:
        [text] = warnings_of([message], [due], broker)
        if text is not None:
            message.options[WARNING] = text
        with sending([message]):
            [job] = broker.accept_once([message], [due]).jobs
    except ValueError as error:  # such as: it falls due too late
        raise Unusable(str(error)) from None
    return job.as_dict()


def _time_us(text: str | None) -> int | None:
    return None if text is None else to_us(datetime.fromisoformat(text))


def _flat(messages: Any, where: str = "") -> Iterator[str]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, where if name == "_schema" else f"{where}.{name}" if where else str(name))
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield f"{where}: {text}" if where else str(text)
