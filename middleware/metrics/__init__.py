"""What is measured and shown to Prometheus: every figure with its name, the folders in which processes of a group count
together, the reports through which one ``/metrics`` shows all groups, and how all of it is written.

``exposition.py`` and ``task_metrics.py`` import prometheus_client, which must not happen before the folder is known.
"""
