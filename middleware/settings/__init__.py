"""Settings: all of them, declared once, and read from the environment into one frozen object."""

from .declared import DATA_DIR, EMBEDDED_URL_FILE, ROOT, Settings
from .environment import METRICS_FOLDER, exit_with, load, load_or_exit, share_metrics, shared_metrics

__all__ = (
    "DATA_DIR",
    "EMBEDDED_URL_FILE",
    "METRICS_FOLDER",
    "ROOT",
    "Settings",
    "exit_with",
    "load",
    "load_or_exit",
    "share_metrics",
    "shared_metrics",
)
