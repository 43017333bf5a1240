"""Inside a worker process: its lifecycle, its consumers, settling and claiming, idle threads,
deliveries, cancelling."""
