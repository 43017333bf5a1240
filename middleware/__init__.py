"""What stands between the HTTP request and the running task: the LIFO broker and all that it needs.

Also built as the wheel ``lastin``, so that any Dramatiq program can ``from lastin.broker import LifoBroker``. There the
floors above are packages in this one (``floors.py``).
"""

from .floors import IS_INSTALLED, find_floors

VERSION = "0.1.0"
"""As in pyproject.toml; a test compares them."""

if IS_INSTALLED:
    find_floors()
