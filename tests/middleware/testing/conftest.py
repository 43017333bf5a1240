"""The fixtures that authors of tasks get."""

from middleware.testing.plugin import stub_broker, stub_worker

__all__ = ["stub_broker", "stub_worker"]
