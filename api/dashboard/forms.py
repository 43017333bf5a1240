"""What forms of the dashboard send."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import abort, current_app
from werkzeug.datastructures import MultiDict

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
