"""``Idempotency-Key``: a request that is sent again under its key makes nothing more.

The header is that of the IETF's draft (draft-ietf-httpapi-idempotency-key-header): a structured-field string, which
stands in quotes. Many clients send the bare word, so that is taken too, and means the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import g

from middleware.commands.types import KEYLESS, IdempotencyKey

from .access.auth import current_subject
from .access.clients import client
from .wire.problems import FieldError, invalid
from .wire.tracing import current_request

QUOTED = r'"(?:[ !#-\[\]-~]|\\["\\]){1,255}"'
BARE = r"[!#-+\--:<-\[\]-~]{1,255}"
"""Without spaces, quotes, commas, semicolons and backslashes: the header has its own ones."""
HEADER = re.compile(f"{QUOTED}|{BARE}")

KEY_HEADER: Mapping[str, Any] = {
    "description": "A name of yours for this request, such as a UUID: sent again under it within 24 hours, it makes "
    "nothing more, and is answered with what it made the first time. It belongs to the subject of the token; with "
    "AUTH=off, to the client's address.",
    "schema": {"type": "string", "pattern": f"^({QUOTED}|{BARE})$"},
}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true`: the request had been carried out before. Absent otherwise.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


def idempotency_key(operation: str) -> IdempotencyKey:
    """The key of the request at hand; it holds for its sender and this operation only. With ``AUTH=off`` the sender is
    the address that it came from. Its body must have been parsed.

    Raises:
      ProblemError: the header can't be read.
    """
    sent = current_request().environ.get("HTTP_IDEMPOTENCY_KEY")
    if sent is None:
        return KEYLESS
    if not HEADER.fullmatch(sent):
        detail = "Expected 1 to 255 visible ASCII characters, in double quotes, and only once."
        raise invalid([FieldError("header", "Idempotency-Key", detail)])
    word = re.sub(r'\\(["\\])', r"\1", sent[1:-1]) if sent.startswith('"') else sent
    return IdempotencyKey(_digest([current_subject() or client(), operation, word]), _digest(g.body))


def replayed(is_replay: bool) -> dict[str, str]:
    """The header that marks a replay."""
    return {"Idempotency-Replayed": "true"} if is_replay else {}


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
