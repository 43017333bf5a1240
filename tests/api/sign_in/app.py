"""The application with a page that only those see who have signed in, and things that only some may do."""

from __future__ import annotations

from typing import Any

from flask import Flask

import api.wsgi
from api.access.auth import current_subject
from api.access.scopes import WRITE, needs
from api.dashboard.viewer import viewer

PAGE, WRITTEN, ADMINISTERED = "/dashboard/a-page", "/dashboard/write", "/dashboard/administer"


def show() -> dict[str, Any]:
    """Who looks."""
    seen = viewer()
    return {
        "name": seen.shown,
        "may": [seen.may_write, seen.may_admin],
        "subject": current_subject(),
        "signed": seen.signed("because"),
    }


@needs(WRITE)
def write() -> str:
    """What needs jobs:write."""
    return "written"


def administer() -> str:
    """What declares nothing."""
    return "administered"


def with_pages(app: Flask) -> Flask:
    """Add them."""
    app.add_url_rule(PAGE, view_func=show)
    app.add_url_rule(WRITTEN, view_func=write, methods=["POST"])
    app.add_url_rule(ADMINISTERED, view_func=administer, methods=["POST"])
    return app


def application() -> Flask:
    """As the service's own."""
    return with_pages(api.wsgi.application())
