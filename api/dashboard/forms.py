"""What forms of the dashboard send, and where the address of a list says that it begins."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import abort, current_app, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from middleware.store.reading import Cursor

from ..schemas.fields import CursorText
from ..wire.parsing import read_body
from ..wire.tracing import current_request

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 2_000


def read_form() -> MultiDict[str, str]:
    """The fields of the form that was sent.

    Raises:
      HTTPException: it is none, or too large.
    """
    asked = current_request()
    body = read_body(asked, current_app.config["MAX_BODY_BYTES"])
    if body and asked.mimetype != FORM:
        abort(415, "Forms of the dashboard are sent as their pages send them.")
    try:
        return MultiDict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        abort(400, f"The form can't be read: expected UTF-8, with {MOST_FIELDS} fields at most.")


def one_line(form: MultiDict[str, str], name: str, most: int = 500) -> str:
    """A text that was typed, without what surrounds it; empty where there is none.

    Raises:
      BadRequest: it is too long.
    """
    text = form.get(name, "").strip()
    if len(text) > most:
        abort(400, f"{name} may have {most} characters; it has {len(text)}.")
    return text


def cursor_asked() -> Cursor | None:
    """Where the page of a list begins that is asked for; None: at the newest.

    Raises:
      BadRequest: it can't be read.
    """
    text = request.args.get("cursor")
    try:
        return None if text is None else CursorText().deserialize(text)
    except ValidationError:
        abort(400, "The address names no page of the list. Go back to its beginning.")
