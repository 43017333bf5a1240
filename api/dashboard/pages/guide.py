"""A section of the runbook: what a trouble means, where to look, what to do."""

from __future__ import annotations

from flask import abort

from ..answers import Live, page
from ..blueprint import dashboard
from ..runbook import section_of


@dashboard.get("/guide/<section>")
@page
def guide(section: str) -> Live:
    """One section."""
    found = section_of(section) or abort(404, "The runbook has no section of this name.")
    values = {"tab": "", "title": found.title, "section": found}
    return Live("dashboard/guide.html", values, is_live=False)
