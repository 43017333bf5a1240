"""Who looks at the dashboard, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

ANONYMOUS = "anonymous"
"""Whose word it is with ``AUTH=off``."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person before a browser. ``may_write``: submit, cancel and retry jobs; ``may_admin``: pause and resume queues,
    open and close windows."""

    may_write: bool
    may_admin: bool
    name: str

    @property
    def is_known(self) -> bool:
        """Whether anything tells who it is."""
        return self.name != ANONYMOUS

    def signed(self, reason: str) -> str:
        """A reason with who gave it, where that is known, as it is kept on jobs."""
        return f"{reason} (by {self.name})" if self.is_known else reason


EVERYBODY = Viewer(may_write=True, may_admin=True, name=ANONYMOUS)


def viewer() -> Viewer | None:
    """Who looks; None: nobody who may. Everybody may do everything with ``AUTH=off``; with ``AUTH=oauth`` the dashboard
    is closed."""
    return None if current_app.config["AUTH"] == "oauth" else EVERYBODY
