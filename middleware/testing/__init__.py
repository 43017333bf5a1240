"""For the tests of those who write tasks: a broker in memory with LastIn's order, whose time the test moves on.

``plugin`` has the fixtures for pytest. See docs/testing.md.
"""

from .clock import StubClock
from .stub_broker import StubBroker
from .taking_over import taking_over

__all__ = ["StubBroker", "StubClock", "taking_over"]
