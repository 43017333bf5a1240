"""The local run: ``python -m local`` (``make run``) starts the embedded server and the Procfile's processes,
and ends whatever an earlier run has left behind. Nothing else of ours needs this room, but tests and benchmarks.
"""
