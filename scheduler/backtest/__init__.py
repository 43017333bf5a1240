"""Replays arrivals through the policy scripts on a simulated clock, so that a cadence can be judged before it is in
force: what came is read (``recorded.py``, ``csv_file.py``), replayed (``simulation.py``), measured (``figures.py``) and
shown (``report.py``)."""
