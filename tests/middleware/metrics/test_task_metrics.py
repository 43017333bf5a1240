"""Dramatiq's metrics, counted once a second, are what Dramatiq would have counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ...service import ROOT

PROGRAM = """
import sys
import threading
from pathlib import Path
import dramatiq
from middleware.metrics import exposition
folder = Path(sys.argv[1])
exposition.share(folder)
from middleware.metrics.task_metrics import TaskMetrics

message = dramatiq.Message("default", "work", (), {}, {})
metrics = TaskMetrics(folder)
metrics.after_process_boot(None)
for n in range(10):
    metrics.before_process_message(None, message)
    metrics.after_process_message(None, message, exception=ValueError() if n < 3 else None)
metrics.before_process_message(None, message)
metrics.after_skip_message(None, message)
metrics.before_process_message(None, message)
metrics.count()
other = threading.Thread(
    target=lambda: (metrics.before_process_message(None, message), metrics.after_process_message(None, message))
)
other.start()
other.join()
metrics.count()
metrics.count()
for metric in exposition.shared(folder):
    for sample in metric.samples:
        if sample.labels.get("le") in (None, "+Inf"):
            print(sample.name, sample.value)
metrics.after_worker_shutdown(None, None)
"""


def test_jobs_are_counted_with_their_times_and_failures_and_those_that_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )

    told = dict(line.split() for line in done.stdout.splitlines())
    assert told == {
        "dramatiq_messages_total": "12.0",
        "dramatiq_message_errors_total": "3.0",
        "dramatiq_messages_inprogress": "1.0",
        "dramatiq_message_duration_milliseconds_bucket": "12.0",
        "dramatiq_message_duration_milliseconds_count": "12.0",
        "dramatiq_message_duration_milliseconds_sum": told["dramatiq_message_duration_milliseconds_sum"],
    }
