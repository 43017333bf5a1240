"""What LastIn can do, measured beside its peers: ``make bench``, or ``python -m benchmarks --help`` (README.md).

One file a measure in this folder, one file a peer in ``peers/``; each registers itself, and ``driver/`` runs them.
"""
