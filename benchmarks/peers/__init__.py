"""One file for each thing that is measured: LastIn, and what it stands beside."""
