"""Running again what was run before: jobs have ids of their own, so it takes copies with new ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

import dramatiq
from dramatiq.message import generate_unique_id

Work = TypeVar("Work", bound=dramatiq.Message[Any] | dramatiq.pipeline | dramatiq.group)


def renewed(work: Work) -> Work:
    """A copy of a message, a pipeline or a group, whose messages and callbacks have new ids."""
    copy: Any
    if isinstance(work, dramatiq.group):
        copy = dramatiq.group([renewed(child) for child in work.children], broker=work.broker)
        copy.completion_callbacks = [_renewed_fields(callback) for callback in work.completion_callbacks]
    elif isinstance(work, dramatiq.pipeline):
        copy = dramatiq.pipeline([renewed(message) for message in work.messages], broker=work.broker)
    else:
        copy = replace(work, message_id=generate_unique_id(), options=_renewed_options(work.options))
    return cast("Work", copy)


def _renewed_options(options: dict[str, Any]) -> dict[str, Any]:
    """The message's next one is among its options, and the next one of that among those."""
    target = options.get("pipe_target")
    return dict(options) if target is None else {**options, "pipe_target": _renewed_fields(target)}


def _renewed_fields(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "message_id": generate_unique_id(), "options": _renewed_options(fields["options"])}
