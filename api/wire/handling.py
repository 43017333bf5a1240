"""``Prefer: handling=strict`` (RFC 7240, 4.4): no job is to be accepted that can't meet its deadline."""

from __future__ import annotations

import re

from .tracing import current_request

HANDLING = re.compile(r'(?:^|,)\s*handling\s*=\s*"?([^\s",;]*)"?\s*(?=[,;]|$)', re.IGNORECASE)
SAID = "`handling=strict`: a job whose deadline can't be met is refused with 422, instead of accepted with a `warning`."
APPLIED_SAID = "`handling=strict`: deadlines were looked at before anything was accepted."


def is_strict() -> bool:
    """Whether the request at hand prefers so. Of several preferences for it the first one counts (RFC 7240, 2)."""
    prefer = current_request().environ.get("HTTP_PREFER")
    found = HANDLING.search(prefer) if prefer else None
    return found is not None and found[1].lower() == "strict"


def applied(*others: str) -> dict[str, str]:
    """The header that names the preferences which were honoured: this one, if it was asked for, and ``others``, those
    that aren't empty."""
    honoured = ", ".join(filter(None, ("handling=strict" if is_strict() else "", *others)))
    return {"Preference-Applied": honoured} if honoured else {}
