"""A plain Flask application on Granian that does by hand what clients and operators get of LastIn as well."""

from __future__ import annotations

from .with_flask import Flask


class FullFlask(Flask):
    name = "flask-full"
    title = "Flask by hand with ids, log and metrics, Granian"
    packages = (*Flask.packages, "prometheus-client")
    application = "benchmarks.peers.flask_full_app:app"


PEER = FullFlask()
