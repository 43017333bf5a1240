"""The API's reference for people: Swagger UI over the contract, all of it from this origin."""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, redirect, render_template, send_from_directory, url_for
from werkzeug.wrappers import Response as Redirect

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"

reference = Blueprint("reference", __name__)


def introduction() -> str:
    """What the contract says of itself, in CommonMark."""
    return (Path(__file__).parent / "introduction.md").read_text(encoding="utf-8")


@reference.get("/favicon.ico")
def favicon() -> Response:
    """For pages that name no icon, such as an answer in JSON: browsers ask for this one by themselves."""
    return send_from_directory(Path(__file__).parent / "static", "favicon.svg")


@reference.get("/")
def home() -> Redirect:
    """Lead people to the dashboard."""
    return redirect(url_for("dashboard.home"))


@reference.get("/docs")
def page() -> str:
    """The reference itself."""
    return render_template("reference.html")


@reference.get("/docs/<name>")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(ASSETS, name)
