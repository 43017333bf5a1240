"""The pictures of docs/cadence.md, which are simulated, and of the README, one of which shows a result: drawn, and
written by ``python -m tests.house.generated``."""
