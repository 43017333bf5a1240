"""Numbers, times and states in words, as people say them. Templates have these functions as ``words``."""

from __future__ import annotations

import re
import time
from typing import Any

import orjson
from markupsafe import Markup, escape

from middleware.clock import rfc3339

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
TIME_BEGINS, FORM_BEGINS, TEXT_BEGINS = Markup('<time datetime="'), Markup('" data-form="'), Markup('">')
TIME_ENDS = Markup(" UTC</time>")
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
MEANINGS = {
    "scheduled": "waits for its time: a delay, or a pause before it is tried again",
    "queued": "waits on the stack",
    "running": "a worker runs it",
    "processed": "done",
    "rejected": "failed, and isn't retried automatically",
    "cancelled": "somebody cancelled it",
    "expired": "its deadline passed before it could start",
    "superseded": "a newer job took its place",
}


def number(value: float) -> str:
    """A count, rounded as people say it: 640, 12,480, 1.25 M."""
    if value >= 9_999_500:
        return f"{value / 1e6:.1f} M"
    if value >= 999_500:
        return f"{value / 1e6:.2f} M"
    return f"{value:,.0f}"


def rate(value: float) -> str:
    """Events a second."""
    if value == 0:
        return "0"
    if value < 0.095:
        return f"{value:.2g}"
    return f"{value:.1f}" if value < 9.95 else number(value)


def percent(share: float) -> str:
    """A share of one."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    text = f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"
    return text.replace(".0%", "%").replace("%", " %")


def seconds(value: float | None) -> str:
    """How long something lasts: 640 µs, 1.9 s, 14 min, 3 h 20 min, 2 d."""
    if not value:
        return "–" if value is None else "0 s"
    for limit, factor, unit in ((0.001, 1e6, "µs"), (1, 1e3, "ms")):
        if value * factor < 999.5 and value < limit:
            return f"{_short(value * factor)} {unit}"
    if value < 59.5:
        return f"{_short(value)} s"
    for i, (size, unit) in enumerate(UNITS):
        if round(value) >= size:
            whole, rest = divmod(round(value), size)
            if i + 1 < len(UNITS) and whole < 10:
                smaller, name = UNITS[i + 1]
                more = rest // smaller
                return f"{whole} {unit} {more} {name}" if more else f"{whole} {unit}"
            if unit == "min" and whole < 10 and rest:
                return f"{whole} min {rest} s"
            return f"{whole} {unit}"
    return f"{_short(value)} s"


def milliseconds(value: float | None) -> str:
    """As :func:`seconds`."""
    return seconds(None if value is None else value / 1e3)


def microseconds(value: float | None) -> str:
    """As :func:`seconds`."""
    return seconds(None if value is None else value / 1e6)


def _short(value: float) -> str:
    if value == 0:
        return "0"
    text = f"{value:.2f}" if value < 0.995 else f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size(count: int | float) -> str:
    """Bytes."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if value >= 9.95 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def moment(time_us: int | None, *, form: str = "ago") -> Markup:
    """A moment. Its text is the exact time in UTC; a script makes a relative one of it, and tells the exact one in the
    reader's own zone. ``form``: ``ago``, ``until``, ``clock`` (a time of day) or ``age`` (how long it is since)."""
    if time_us is None:
        return Markup("–")
    return _time(rfc3339(time_us), form)


def exact(time_us: int | None) -> str | None:
    """A time as addresses have it."""
    return rfc3339(time_us)


def with_moments(text: str) -> Markup:
    """A sentence that holds times as RFC 3339 has them."""
    first, *parts = (escape(part) for part in RFC3339.split(text))
    for told, part in zip(RFC3339.findall(text), parts, strict=True):
        first += _time(told, "clock") + part
    return first


def _time(text: str, form: str) -> Markup:
    return TIME_BEGINS + text + FORM_BEGINS + form + TEXT_BEGINS + text[:19].replace("T", " ") + TIME_ENDS


def plural(count: float, one: str, many: str | None = None) -> str:
    """A count and its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def meaning(status: str) -> str:
    """What a state means."""
    return MEANINGS.get(status, status)


def pretty(value: Any) -> str:
    """A value as JSON for people."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        return repr(value)


def first_words(value: Any, most: int = 80) -> str:
    """The beginning of a payload, on one line: the value alone where there is only one."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    text = value if isinstance(value, str) else _compact(value)
    text = " ".join(text[: 4 * most].split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item if isinstance(item, str) else _json(item)}" for key, item in value.items())
    return _json(value)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return repr(value)


def now_ms() -> int:
    """What the clock says here: a reader's may be wrong."""
    return time.time_ns() // 1_000_000


def first_curl(host_url: str) -> str:
    """The line that sends a first job."""
    address = host_url.rstrip("/") + "/v1/jobs"
    return f"curl -s {address} -H 'Content-Type: application/json' -d '{{\"message\": \"Hello, newest world\"}}'"
