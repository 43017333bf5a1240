"""The pictures of docs/cadence.md, which are simulated, and of the README: drawn, and written by
``python -m tests.house.generated``."""
