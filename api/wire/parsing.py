"""Reading requests: webargs' Flask parser without its leniency."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, NoReturn

import orjson
from flask import Request, current_app, g
from marshmallow import RAISE, Schema, ValidationError, missing
from webargs.flaskparser import FlaskParser

from .problems import MALFORMED, MEDIA, TOO_LARGE, FieldError, ProblemError, field_errors, invalid
from .tracing import current_request

MAX_DEPTH = 32
MAX_VALUES = 250_000
"""So many values a body may hold: each is looked at, and a wrong one costs up to 30 µs."""
TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
MANY_DIGITS = re.compile(rb"[0-9]{19}")
DRAINED_BYTES = 32 * 1024 * 1024
MAX_ECHO = 64
"""So many characters of what a client sent are repeated in an error."""


class StrictParser(FlaskParser):
    """Refuses what webargs lets pass: other media types, cut bodies, repeated and unknown names."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012

    def __init__(self, *, is_body_required: bool = True, max_bytes: str = "MAX_BODY_BYTES") -> None:
        """``max_bytes`` is the name under which the application's configuration holds the bound."""
        super().__init__()
        self._is_body_required = is_body_required
        self._max_bytes = max_bytes

    def get_default_request(self) -> Request:
        return current_request()

    def _raw_load_json(self, req: Request) -> Any:
        body = read_body(req, current_app.config[self._max_bytes])
        if not body and not self._is_body_required:
            return missing
        _check_media_type(req)
        g.body = load_json(body)
        return g.body

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        if repeated := [name for name, values in req.args.lists() if len(values) > 1]:
            raise ValidationError({name: ["Given more than once."] for name in repeated})
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        [(location, messages)] = error.messages_dict.items()
        raise invalid(field_errors(messages, location))


def refuse_query(req: Request) -> None:
    """For operations that take no parameters.

    Raises:
      ProblemError: names those that came all the same.
    """
    if req.args:
        raise invalid(FieldError("parameter", name, "Unknown parameter.") for name in req.args)


def _check_media_type(req: Request) -> None:
    if req.environ.get("CONTENT_TYPE") == "application/json" and "HTTP_CONTENT_ENCODING" not in req.environ:
        return
    charset = req.mimetype_params.get("charset", "utf-8").lower()
    if req.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        raise ProblemError(MEDIA, errors=[FieldError("header", "Content-Type", "Expected application/json in UTF-8.")])
    if req.headers.get("Content-Encoding", "identity") != "identity":
        raise ProblemError(MEDIA, errors=[FieldError("header", "Content-Encoding", "Expected none.")])


def read_body(req: Request, max_bytes: int) -> bytes:
    """The whole body, whether its length was announced or it comes in chunks.

    Raises:
      ProblemError: it is larger than ``max_bytes``; what is beyond isn't kept. Or it was cut, which the server
        takes for its end.
    """
    body, announced = bytearray(), req.content_length
    if (announced or 0) <= max_bytes:
        stream = _stream(req)
        while len(body) != announced and (chunk := stream.read(max_bytes + 1 - len(body))):
            body += chunk
            if len(body) > max_bytes:
                break
        else:
            _check_whole(req, len(body))
            return bytes(body)
    _drain(req)
    raise ProblemError(TOO_LARGE, f"A body may have {max_bytes} bytes.")


def _check_whole(req: Request, received: int) -> None:
    """A body that was cut mustn't pass for one that was left out, as some operations let it be. Of one in chunks only
    that much can be told: some must come."""
    if received < (req.content_length or 0) or (not received and "Transfer-Encoding" in req.headers):
        detail = "It was cut: less came than was announced."
        raise ProblemError(MALFORMED, detail, errors=[FieldError("pointer", "", detail)])


def _stream(req: Request) -> IO[bytes]:
    """Where the body comes from. A server that ends it itself, as Granian does, needs none of Werkzeug's bounds."""
    stream: IO[bytes] = req.environ["wsgi.input"] if req.environ.get("wsgi.input_terminated") else req.stream
    return stream


def _drain(req: Request) -> None:
    """Take in a little more than is wanted: most clients only look for an answer when all is sent, and see a broken
    connection instead of it if nobody reads."""
    left, stream = DRAINED_BYTES, _stream(req)
    while left > 0 and (chunk := stream.read(65_536)):
        left -= len(chunk)


def load_json(body: bytes) -> Any:
    """The value of a JSON document that every library reads the same way (RFC 7493, I-JSON).

    orjson judges the syntax, and refuses lone surrogates, NaN and infinite numbers; only the standard library's decoder
    can be asked about repeated names and long integers. It is slow, so it is asked only where there may be some.

    Raises:
      ProblemError: it isn't one.
    """
    try:
        value = orjson.loads(body)
        names = _count_names(value)
        return value if _is_plain(body, names) else _decoder.decode(body.decode())
    except _Refused as error:
        raise ProblemError(MALFORMED, str(error), errors=[FieldError("pointer", "", str(error))]) from None
    except ValueError as error:
        detail = f"It can't be read: {error}." if body.strip() else "It is empty: a JSON object was expected."
        raise ProblemError(MALFORMED, detail, errors=[FieldError("pointer", "", detail)]) from None


class _Refused(Exception):
    """Why a document that parses isn't taken."""


def _count_names(value: Any) -> int:
    """How many names all objects in it have together. Goes down level by level, without recursion: what a client nests
    can't exhaust the stack."""
    level, names, values = [value], 0, 0
    for _ in range(MAX_DEPTH + 1):
        objects = [item for item in level if type(item) is dict]
        lists = [item for item in level if type(item) is list]
        if not objects and not lists:
            return names
        names += sum(map(len, objects))
        values += sum(map(len, objects)) + sum(map(len, lists))
        if values > MAX_VALUES:
            raise _Refused(f"It holds more than {MAX_VALUES} values.")
        level = [item for outer in objects for item in outer.values()]
        for inner in lists:
            level += inner
    raise _Refused(f"It is nested more than {MAX_DEPTH} deep.")


def _is_plain(body: bytes, names: int) -> bool:
    """Whether no name stands twice in one object (then as many names were read as there are colons between texts), and
    no number has so many digits that it might not fit into 64 bits. ``body`` is valid JSON."""
    between = TEXT.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    return between.count(b":") == names and not MANY_DIGITS.search(between)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # One pass: to look for each name among all of them would take hours for a large body.
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise _Refused(f"The name {repeated[:MAX_ECHO]!r} stands twice in one object.")
    return found


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else 2**64
    if not -(2**63) <= value < 2**64:
        raise _Refused("It holds an integer of more than 64 bits.")
    return value


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
