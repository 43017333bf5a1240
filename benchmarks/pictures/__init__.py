"""The pictures of docs/cadence.md: simulated, drawn, and written by ``python -m tests.house.generated``."""
