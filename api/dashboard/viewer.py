"""Who looks at a page, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, g

from ..access.auth import Caller
from ..access.scopes import ADMIN, WRITE


@dataclass(frozen=True, slots=True)
class Viewer:
    """What to show somebody. That a button isn't there is for the eye: what it does is refused all the same
    (:func:`api.access.scopes.needs`).

    ``may_write``: submit, cancel and retry jobs; ``may_admin``: pause and resume queues, open and close windows;
    ``name``: what to call them, empty where nobody signs in.
    """

    may_write: bool
    may_admin: bool
    name: str

    @property
    def is_signed_in(self) -> bool:
        """Whether there is something to sign out of."""
        return bool(self.name)


def viewer() -> Viewer:
    """Who sent the request at hand. With ``AUTH=off``, everybody may do everything."""
    if current_app.config["AUTH"] != "oauth":
        return Viewer(may_write=True, may_admin=True, name="")
    caller: Caller | None = g.get("caller")
    if caller is None:
        return Viewer(may_write=False, may_admin=False, name="")
    return Viewer(WRITE in caller.scopes, ADMIN in caller.scopes, caller.name or caller.subject)
