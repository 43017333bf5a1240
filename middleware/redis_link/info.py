"""How a server words its INFO."""

from __future__ import annotations


def fields_of(info: bytes) -> dict[str, str]:
    """INFO by its fields."""
    return dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
