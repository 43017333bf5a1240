"""The dashboard: pages on which people see what goes on, and do something about it."""
