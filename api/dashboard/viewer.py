"""Who looks at the dashboard, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, g

from ..access.auth import ANONYMOUS, Caller
from ..access.scopes import ADMIN, WRITE


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person before a browser. ``may_write``: submit, cancel and retry jobs; ``may_admin``: pause and resume queues,
    open and close windows. That a button isn't there is for the eye: what it does is refused all the same
    (:func:`api.access.scopes.needs`).

    ``name`` is the subject of their token, as it is kept with what they do; ``shown`` what to call them on a page: the
    issuer says that too, but others may be called so as well.
    """

    may_write: bool
    may_admin: bool
    name: str
    shown: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything tells who it is, so that there is something to sign out of."""
        return self.name != ANONYMOUS

    def signed(self, reason: str) -> str:
        """A reason with who gave it, where that is known, as it is kept on jobs."""
        return f"{reason} (by {self.name})" if self.is_known else reason


EVERYBODY = Viewer(may_write=True, may_admin=True, name=ANONYMOUS)
NOBODY = Viewer(may_write=False, may_admin=False, name=ANONYMOUS)


def viewer() -> Viewer:
    """Who sent the request at hand. With ``AUTH=off`` everybody may do everything; with ``AUTH=oauth``, whoever has no
    session comes no further than to the pages that need none (``api/sign_in/guard.py``)."""
    if current_app.config["AUTH"] != "oauth":
        return EVERYBODY
    caller: Caller | None = g.get("caller")
    if caller is None:
        return NOBODY
    return Viewer(WRITE in caller.scopes, ADMIN in caller.scopes, caller.subject, caller.name or caller.subject)
