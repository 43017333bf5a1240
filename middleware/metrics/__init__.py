"""What is measured and shown to Prometheus: every metric with its name, the folders in which processes of a group count
together, the metrics of each group, stored in Redis for the API to merge, and how all of it is written.

``exposition.py`` and ``task_metrics.py`` import prometheus_client, which must not happen before the folder is known.
"""
