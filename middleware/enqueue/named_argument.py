"""What a task's option takes from its jobs' arguments, such as ``@task(subject="customer")``."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import dramatiq


class NamedArgument(NamedTuple):
    """An argument of a task: its name, None if the option names none, and its position."""

    name: str | None = None
    position: int = 0

    def value_in(self, message: dramatiq.Message[Any]) -> Any:
        """What a message has for it; None: nothing, or an empty text."""
        if self.name is None or self.name in message.kwargs:
            value = message.kwargs.get(self.name or "")
        else:
            value = message.args[self.position] if self.position < len(message.args) else None
        return None if value == "" else value


NO_ARGUMENT = NamedArgument()


def named_argument(actor: dramatiq.Actor[Any, Any], option: str) -> NamedArgument:
    """The argument that this option of a task names.

    Raises:
      ValueError: there is no such argument.
    """
    name = actor.options.get(option)
    if name is None:
        return NO_ARGUMENT
    names = list(inspect.signature(actor.fn).parameters)
    if name not in names:
        there_are = f"there are: {', '.join(names) or 'none'}"
        raise ValueError(f"{option} of a task names the argument that holds it, got {name!r}; {there_are}")
    return NamedArgument(name, names.index(name))


def is_nameable(value: Any) -> bool:
    """Whether a value can stand for a subject or a group: a text, or a whole number."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def text_of(option: str, value: Any, longest: int) -> str:
    """A value of such an option as text; empty: there is none.

    Raises:
      ValueError: it is neither a text nor a whole number, or has no characters, or more than ``longest``.
    """
    if value is None:
        return ""
    if not is_nameable(value):
        raise ValueError(f"a {option} is a text or a whole number, got {value!r}")
    text = str(value)
    if not 1 <= len(text) <= longest:
        raise ValueError(f"a {option} has 1 to {longest} characters, got {len(text)}")
    return text
