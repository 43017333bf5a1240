"""Opens consumption windows at a configured cadence: how often, how many jobs, for how long, in which order."""
