"""What runs the measures: rounds, processes, a quiet machine, results and their tables."""
