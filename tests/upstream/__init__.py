"""Dramatiq's own tests, run against ``LifoBroker`` (docs/dramatiq-compatibility.md)."""
