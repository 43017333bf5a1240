"""Results as they are kept on their jobs: as JSON, which everybody can read, where that gives back the same value; as
the program's own encoder writes it, where only that can; or else the reason why not."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import dramatiq
import orjson

from ..commands.layout import ENCODED, REFUSED

RESULT_LIMIT_BYTES = 65_536
STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def encoded_result(result: Any) -> bytes:
    """A result as the record keeps it; None isn't kept.

    What comes back is what went in, but that a program with Dramatiq's own JSONEncoder gets lists for tuples, and plain
    texts, numbers and dictionaries for those of subclasses, as it does everywhere.
    """
    if result is None:
        return b""
    encoder = dramatiq.get_encoder()
    is_json = type(encoder) is dramatiq.JSONEncoder
    try:
        encoded = orjson.dumps(result, option=STRICT)
        if is_same(result, orjson.loads(encoded), exactly=not is_json):
            return _kept(encoded, "JSON")
    except (TypeError, orjson.JSONEncodeError):
        pass  # the encoder may know better, or says why not
    try:
        encoded = encoder.encode({"result": result})
        if is_json and not is_same(result, back := decoded_result(encoded)):
            return _refused(f"it would come back as {reprlib.repr(back)}")
    except Exception as error:  # whatever somebody's encoder raises
        return _refused(str(error) or type(error).__name__)
    return _kept(ENCODED + encoded, f"what {type(encoder).__name__} makes of it")


def decoded_result(encoded: bytes) -> Any:
    """A result that the program's own encoder has written."""
    return dramatiq.get_encoder().decode(encoded)["result"]


def is_same(before: Any, after: Any, *, exactly: bool = False) -> bool:
    """Whether a value came back from JSON as it went in; unless ``exactly``, a list may stand for a tuple, and a plain
    value for an equal one of a subclass."""
    if exactly and type(before) is not type(after):
        return False
    if isinstance(after, list):
        return (
            isinstance(before, (list, tuple))
            and len(before) == len(after)
            and all(is_same(*pair, exactly=exactly) for pair in zip(before, after, strict=True))
        )
    if isinstance(after, dict):
        return (
            isinstance(before, dict)
            and len(before) == len(after)
            and all(name in before and is_same(before[name], value, exactly=exactly) for name, value in after.items())
        )
    if isinstance(after, float) and math.isnan(after):
        return isinstance(before, float) and math.isnan(before)
    return isinstance(before, type(after)) and bool(before == after)


def _kept(encoded: bytes, what: str) -> bytes:
    if len(encoded) > RESULT_LIMIT_BYTES:
        reason = f"the result has {len(encoded)} bytes of {what}; {RESULT_LIMIT_BYTES} are kept at most"
        return REFUSED + reason.encode()
    return encoded


def _refused(why: str) -> bytes:
    return REFUSED + f"the result isn't JSON: {why}".encode("utf-8", "replace")
