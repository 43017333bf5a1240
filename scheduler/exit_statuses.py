"""How the scheduler's commands end."""

from __future__ import annotations

DONE, FAILED, UNUSABLE, NOTHING_TO_DO = 0, 1, 2, 3
"""``UNUSABLE``: arguments, a file or a setting."""
