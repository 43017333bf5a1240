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

from .problems import MALFORMED, MEDIA, TOO_LARGE, FieldError, Kind, ProblemError, field_errors, invalid
from .tracing import current_request

MAX_DEPTH = 32
MAX_VALUES = 100_000
"""The most values that a body may hold, whatever its bound: to look at one costs some microseconds."""
BYTES_A_VALUE = 16
"""A body may hold one value for this many bytes of its limit: Python keeps a value in up to 80 bytes, so that a body's
values take no more than five times its limit."""
VALUES_AN_OBJECT = 4
"""An object counts as this many values, since that is what it takes."""
LONG_NUMBER = re.compile(rb"[0-9.eE+-][0-9.eE+-]{18,}+")
"""Outside of texts: a number that may be an integer of more than 64 bits."""
STEP = 65_536
NAMED_BYTES = 65_536
"""In bodies up to this size a repeated name is named. To find it takes many times the body's size in memory."""
REFUSED = "lastin.refused"
"""Where the server says in the WSGI environment why it hasn't read a body (a ``Kind``)."""
MAX_ECHO = 64
"""The most characters of what a client sent that an error repeats."""


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
        max_bytes = current_app.config[self._max_bytes]
        body = read_body(req, max_bytes)
        if not body and not self._is_body_required:
            return missing
        _check_media_type(req)
        g.body = value = load_json(body, most_values(max_bytes))
        return value

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        single = [name for name, field in schema.fields.items() if not getattr(field, "is_multiple", False)]
        if repeated := [name for name, values in req.args.lists() if len(values) > 1 and name in single]:
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
        raise invalid(FieldError("parameter", name, "Unknown parameter: this operation has none.") for name in req.args)


def _check_media_type(req: Request) -> None:
    if req.environ.get("CONTENT_TYPE") == "application/json" and "HTTP_CONTENT_ENCODING" not in req.environ:
        return
    charset = req.mimetype_params.get("charset", "utf-8").lower()
    if req.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        raise ProblemError(MEDIA, errors=[FieldError("header", "Content-Type", "Expected application/json in UTF-8.")])
    if req.headers.get("Content-Encoding", "identity") != "identity":
        raise ProblemError(MEDIA, errors=[FieldError("header", "Content-Encoding", "Expected none.")])


def read_body(req: Request, max_bytes: int) -> bytes:
    """The whole body, whether its length was announced or it comes in chunks. The server has read it
    (``api/incoming/``).

    Raises:
      ProblemError: it is larger than ``max_bytes``, or the server has refused it. Or it was cut, which the server takes
        for its end.
    """
    refused: Kind | None = req.environ.get(REFUSED)
    if refused not in (None, TOO_LARGE):
        raise ProblemError(refused, headers={"Retry-After": "2"} if refused.status == 503 else {})
    announced = req.content_length or 0
    too_large = refused is TOO_LARGE or announced > max_bytes
    body = b"" if too_large else _stream(req).read(max_bytes + 1)
    if too_large or len(body) > max_bytes:
        raise ProblemError(TOO_LARGE, f"A body may have {max_bytes} bytes.")
    _check_whole(req, announced, len(body))
    return body


def _check_whole(req: Request, announced: int, received: int) -> None:
    """A body that was cut mustn't pass for one that was left out, as some operations let it be. Of one in chunks only
    that much can be told: some must come."""
    if received < announced or (not received and "Transfer-Encoding" in req.headers):
        detail = "It was cut: less came than was announced."
        raise ProblemError(MALFORMED, detail, errors=[FieldError("pointer", "", detail)])


def _stream(req: Request) -> IO[bytes]:
    """Where the body comes from. A server that ends it itself, as ours does, needs none of Werkzeug's bounds."""
    stream: IO[bytes] = req.environ["wsgi.input"] if req.environ.get("wsgi.input_terminated") else req.stream
    return stream


def most_values(max_bytes: int) -> int:
    """How many values a body may hold that may have ``max_bytes``."""
    return min(MAX_VALUES, max_bytes // BYTES_A_VALUE)


def load_json(body: bytes, max_values: int = MAX_VALUES) -> Any:
    """The value of a JSON document that every library reads the same way (RFC 7493, I-JSON).

    What lies outside of its texts is looked at first, in bytes: a document of many values takes forty times its size
    once it is read. Then orjson judges the syntax, and refuses lone surrogates, NaN and infinite numbers. It takes
    repeated names and long integers, which are found by comparing the two.

    Raises:
      ProblemError: it isn't one.
    """
    try:
        members = _count_members(body, max_values)
        value = orjson.loads(body)
        _check_names(value, members, body)
    except _Refused as error:
        raise ProblemError(MALFORMED, str(error), errors=[FieldError("pointer", "", str(error))]) from None
    except ValueError as error:
        detail = f"It can't be read: {error}." if body.strip() else "It is empty: a JSON object was expected."
        raise ProblemError(MALFORMED, detail, errors=[FieldError("pointer", "", detail)]) from None
    return value


class _Refused(Exception):
    """Why a document isn't taken, whether or not it is JSON."""


def _count_members(body: bytes, max_values: int) -> int:
    """How many members the objects of a document have together, if its values are neither too many nor too long."""
    outside = _outside_of_texts(body, max_values)
    _check_count(outside, max_values)
    _check_integers(outside)
    return outside.count(b":")


def _outside_of_texts(body: bytes, max_values: int) -> bytes:
    """A document without its texts. Takes as much memory as the document at most: it goes in steps, and without a
    regular expression, which keeps a state for each turn."""
    # Pairs of backslashes go first: then one before a quote belongs to it.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    if bare.count(b'"') > 4 * max_values:  # each value has a text or two: its own and its name
        raise _too_many(max_values)
    parts, inside = [], False
    for begin in range(0, len(bare), STEP):
        pieces = bare[begin : begin + STEP].split(b'"')
        parts.append(b"".join(pieces[inside::2]))
        inside ^= len(pieces) % 2 == 0
    return b"".join(parts)


def _check_count(outside: bytes, max_values: int) -> None:
    """Each value but the first comes after a comma or an opening bracket."""
    values = outside.count(b",") + outside.count(b"[") + VALUES_AN_OBJECT * outside.count(b"{")
    if values > max_values:
        raise _too_many(max_values)


def _too_many(max_values: int) -> _Refused:
    return _Refused(f"It holds more than {max_values} values (an object counts as {VALUES_AN_OBJECT}).")


def _check_integers(outside: bytes) -> None:
    for found in LONG_NUMBER.finditer(outside):
        number = found[0]
        if number.lstrip(b"-").isdigit() and (len(number) > 20 or not -(2**63) <= int(number) < 2**64):
            raise _Refused("It holds an integer of more than 64 bits.")


def _count_names(value: Any) -> int:
    """How many names all objects in it have together. Goes down level by level, without recursion: what a client nests
    can't exhaust the stack."""
    level, names = [value], 0
    for _ in range(MAX_DEPTH + 1):
        objects = [item for item in level if type(item) is dict]
        lists = [item for item in level if type(item) is list]
        if not objects and not lists:
            return names
        names += sum(map(len, objects))
        level = [item for outer in objects for item in outer.values()]
        for inner in lists:
            level += inner
    raise _Refused(f"It is nested more than {MAX_DEPTH} deep.")


def _check_names(value: Any, members: int, body: bytes) -> None:
    """No name may stand twice in one object: then there are fewer names than members."""
    if _count_names(value) != members:
        raise _Refused(_repeated_name(body))


def _repeated_name(body: bytes) -> str:
    """Only the standard library's decoder shows an object's names as they came."""
    if len(body) <= NAMED_BYTES:
        try:
            json.loads(body, object_pairs_hook=_object)
        except _Refused as error:
            return str(error)
    return "A name stands twice in one object."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # One pass: to look for each name among all of them would take hours for a large body.
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise _Refused(f"The name {repeated[:MAX_ECHO]!r} stands twice in one object.")
    return found
