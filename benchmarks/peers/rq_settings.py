"""What RQ's commands read with ``--config``."""

from __future__ import annotations

import os

REDIS_URL = os.environ["REDIS_URL"]
